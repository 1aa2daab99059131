//! Amazon SNS asks before it delivers: its first message names an address that is to be visited. Whether it may be
//! visited is decided here, for whoever can post to a source could otherwise make the daemon visit anything.

use serde::Deserialize;
use url::{Host, Url};

/// The header in which SNS says what kind of message it sends.
pub const TYPE_HEADER: &str = "x-amz-sns-message-type";
/// The kind that asks for a confirmation.
pub const CONFIRMATION: &str = "SubscriptionConfirmation";

/// A message that asks for a confirmation.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Subscription {
    /// The topic, as an ARN.
    pub topic_arn: String,
    /// The address to be visited. It holds a token, so it is not printed.
    #[serde(rename = "SubscribeURL")]
    pub subscribe_url: String,
}

/// Why the address is not visited.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SubscriptionFault {
    /// The message is none of SNS.
    #[error("the message has no `TopicArn` and `SubscribeURL`\nhint: is it SNS that sends here?")]
    Shape,
    /// A topic nobody has named.
    #[error(
        "the topic `{topic}` is not one of the source's, and its address at {host} was not visited\nhint: add it to `sns_topics` of the [[source]] and let SNS ask again"
    )]
    Topic {
        /// As the message has it.
        topic: String,
        /// Of the address.
        host: String,
    },
    /// An address that is not the topic's own at SNS.
    #[error(
        "the address at {host} is not where SNS confirms this topic, and was not visited\nhint: confirm the subscription yourself if you trust it"
    )]
    Address {
        /// Of the address.
        host: String,
    },
}

impl Subscription {
    /// Reads a message.
    ///
    /// # Errors
    /// [`SubscriptionFault::Shape`] when it is none.
    pub fn read(body: &[u8]) -> Result<Self, SubscriptionFault> {
        serde_json::from_slice(body).map_err(|_| SubscriptionFault::Shape)
    }

    /// The address that may be visited: over https, at the SNS of the topic's own region, to confirm a topic named
    /// in the configuration, and nothing else.
    ///
    /// # Errors
    /// Why it may not, with the host.
    pub fn address(&self, topics: &[String]) -> Result<Url, SubscriptionFault> {
        let url = Url::parse(&self.subscribe_url).ok();
        let host = url.as_ref().and_then(Url::host_str).map_or_else(|| "no host at all".to_owned(), short);
        if !topics.contains(&self.topic_arn) {
            return Err(SubscriptionFault::Topic { topic: short(&self.topic_arn), host });
        }
        url.filter(|url| self.is_at_sns(url)).ok_or(SubscriptionFault::Address { host })
    }

    fn is_at_sns(&self, url: &Url) -> bool {
        let mut arn = self.topic_arn.split(':').skip(1);
        let (Some(partition), Some("sns"), Some(region)) = (arn.next(), arn.next(), arn.next()) else { return false };
        let suffix = if partition == "aws-cn" { "amazonaws.com.cn" } else { "amazonaws.com" };
        let is_region =
            !region.is_empty() && region.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
        let one = |wanted: &str| {
            let mut values = url.query_pairs().filter(|(name, _)| name == wanted).map(|(_, value)| value.into_owned());
            values.next().filter(|_| values.next().is_none())
        };
        is_region
            && url.scheme() == "https"
            && url.port().is_none()
            && url.username().is_empty()
            && url.password().is_none()
            && url.host() == Some(Host::Domain(&format!("sns.{region}.{suffix}")))
            && url.path() == "/"
            && url.fragment().is_none()
            && one("Action").as_deref() == Some("ConfirmSubscription")
            && one("TopicArn").as_ref() == Some(&self.topic_arn)
            && one("Token").is_some_and(|token| !token.is_empty())
    }
}

fn short(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(120).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TOPIC: &str = "arn:aws:sns:eu-central-1:123456789012:findings";
    const QUERY: &str = "?Action=ConfirmSubscription&TopicArn=arn:aws:sns:eu-central-1:123456789012:findings&Token=2336412f37";

    fn judged(topic: &str, url: &str) -> Result<Url, SubscriptionFault> {
        Subscription { topic_arn: topic.into(), subscribe_url: url.into() }.address(&[TOPIC.to_owned()])
    }

    #[test]
    fn the_topics_own_address_at_sns_may_be_visited() {
        let url = format!("https://sns.eu-central-1.amazonaws.com/{QUERY}");
        assert_eq!(judged(TOPIC, &url).expect("it may").as_str(), url);
        assert!(judged(TOPIC, &url.replace(".com/", ".com:443/")).is_ok(), "the port of https needs no saying");
        let topic = "arn:aws-cn:sns:cn-north-1:123456789012:findings";
        let url = format!("https://sns.cn-north-1.amazonaws.com.cn/?Action=ConfirmSubscription&TopicArn={topic}&Token=1");
        let china = Subscription { topic_arn: topic.into(), subscribe_url: url.clone() };
        assert!(china.address(&[topic.to_owned()]).is_ok());
        let abroad = Subscription { subscribe_url: url.replace(".com.cn", ".com"), ..china };
        assert!(abroad.address(&[topic.to_owned()]).is_err());
    }

    #[test]
    fn every_other_address_may_not() {
        for base in [
            "http://sns.eu-central-1.amazonaws.com/",
            "https://sns.eu-central-1.amazonaws.com:8443/",
            "https://user@sns.eu-central-1.amazonaws.com/",
            "https://:secret@sns.eu-central-1.amazonaws.com/",
            "https://sns.us-east-1.amazonaws.com/",
            "https://sns.eu-central-1.amazonaws.com.evil.example/",
            "https://sns.eu-central-1.amazonaws.com.cn/",
            "https://evil.example/sns.eu-central-1.amazonaws.com/",
            "https://evil.example\\@sns.eu-central-1.amazonaws.com/",
            "https://xsns.eu-central-1.amazonaws.com/",
            "https://sns.eu-central-1.s3.amazonaws.com/",
            "https://s3.eu-central-1.amazonaws.com/",
            "https://sns.eu-central-1.amazonaws.com./",
            "https://sns.eu-central-1.amazonaws.com/other",
            "https://169.254.169.254/",
            "https://[::1]/",
            "file:///etc/passwd",
            "",
        ] {
            let fault = judged(TOPIC, &format!("{base}{QUERY}")).expect_err(base);
            assert!(matches!(fault, SubscriptionFault::Address { .. }), "{base}: {fault}");
        }
        let good = format!("https://sns.eu-central-1.amazonaws.com/{QUERY}");
        for (from, to) in [
            ("ConfirmSubscription", "DeleteTopic"),
            ("Action=ConfirmSubscription", "Action=ConfirmSubscription&Action=DeleteTopic"),
            ("findings&", "others&"),
            ("Token=2336412f37", "Token="),
            ("&Token=2336412f37", ""),
            ("2336412f37", "2336412f37#x"),
        ] {
            assert!(judged(TOPIC, &good.replace(from, to)).is_err(), "{to}");
        }
    }

    #[test]
    fn a_topic_nobody_named_is_refused_with_the_host_and_without_the_token() {
        let url = "https://sns.eu-central-1.amazonaws.com/?Action=ConfirmSubscription&TopicArn=x&Token=geheim";
        let fault = judged("arn:aws:sns:eu-central-1:666:theirs", url).expect_err("not ours").to_string();
        assert!(
            fault.contains("sns.eu-central-1.amazonaws.com") && fault.contains("theirs") && !fault.contains("geheim"),
            "{fault}"
        );
        assert_eq!(Subscription::read(b"{\"Type\":\"Notification\"}"), Err(SubscriptionFault::Shape));
    }

    proptest! {
        #[test]
        fn whatever_stands_before_the_host_it_is_never_another_host(before in "[ -~]{0,30}", after in "[ -~]{0,30}") {
            let url = format!("https://{before}sns.eu-central-1.amazonaws.com{after}/{QUERY}");
            if let Ok(url) = judged(TOPIC, &url) {
                prop_assert_eq!(url.host_str(), Some("sns.eu-central-1.amazonaws.com"));
                prop_assert_eq!(url.port_or_known_default(), Some(443));
            }
        }
    }
}
