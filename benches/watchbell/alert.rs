//! What is posted: alerts of about 2 KiB in the shape of Wazuh's, each of something new.

use std::ops::Range;
use watchbell::domain::instant::Instant;
use watchbell::domain::standard_webhooks as webhooks;

/// The source the alerts are posted to.
pub const SOURCE: &str = "wazuh";
/// The bearer token of that source.
pub const TOKEN: &str = "wbt_measured-and-not-a-secret-0123456789";
/// The Standard Webhooks secret of that source.
pub const SECRET: &str = "whsec_bWVhc3VyZWQtYW5kLW5vdC1hLXNlY3JldC0wMTIzNDU2Nzg5";

/// How a request shows who sends it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Proof {
    /// A bearer token.
    Bearer,
    /// A Standard Webhooks signature, made for each request by the sender.
    Signature,
}

/// Alerts that differ in their id.
pub struct Alerts {
    body: Vec<u8>,
    number_at: Range<usize>,
    at: Instant,
}

impl Alerts {
    /// Alerts of this moment.
    pub fn of(at: Instant) -> Self {
        let body = format!(
            r#"{{"timestamp":"{time}","id":"1763720000.0000000000","manager":{{"name":"wazuh-server"}},
"agent":{{"id":"017","name":"ward-records-03","ip":"10.20.3.17"}},"location":"syscheck","decoder":{{"name":"syscheck_integrity_changed"}},
"rule":{{"id":"550","level":12,"description":"Integrity checksum changed on a file of the patient archive","firedtimes":3,"mail":true,
"groups":["ossec","syscheck","syscheck_entry_modified","syscheck_file"],"mitre":{{"id":["T1565.001"],"tactic":["Impact"],"technique":["Stored Data Manipulation"]}},
"gdpr":["II_5.1.f"],"hipaa":["164.312.c.1","164.312.c.2"],"pci_dss":["11.5"],"nist_800_53":["SI.7"],"tsc":["PI1.4","PI1.5","CC6.1","CC6.8","CC7.2","CC7.3"]}},
"data":{{"srcuser":"svc-archive","dstuser":"root","audit":{{"command":"rsync","exe":"/usr/bin/rsync","cwd":"/srv/archive","success":"yes","session":"4211"}}}},
"syscheck":{{"path":"/srv/archive/2026/discharge-letters.db","mode":"whodata","event":"modified","size_before":"73400320","size_after":"73408512",
"perm_after":"rw-r-----","uid_after":"998","gid_after":"998","uname_after":"archive","gname_after":"archive","inode_before":1835031,"inode_after":1835031,
"md5_before":"9ae2b53f5e2f0c4ab4f4c6f3a71d2f30","md5_after":"b1946ac92492d2347c6235b4d2611184",
"sha256_before":"5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03","sha256_after":"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
"changed_attributes":["size","mtime","md5","sha256"],"audit":{{"user":{{"id":"998","name":"svc-archive"}},"process":{{"id":"40122","name":"/usr/bin/rsync","ppid":"40120"}}}}}},
"GeoLocation":{{"country_name":"Germany","city_name":"Berlin","location":{{"lat":52.52,"lon":13.4}}}},
"full_log":"File '/srv/archive/2026/discharge-letters.db' modified\nMode: whodata\nChanged attributes: size,mtime,md5,sha256\nSize changed from '73400320' to '73408512'"}}"#,
            time = at.format("%Y-%m-%dT%H:%M:%S%.3f+0000"),
        );
        let marked = "1763720000.";
        let start = body.find(marked).expect("the id stands in the body") + marked.len();
        Self { body: body.into_bytes(), number_at: start..start + 10, at }
    }

    /// The alert of a number, which makes it an incident of its own.
    pub fn body(&self, number: u64) -> Vec<u8> {
        let mut body = self.body.clone();
        body[self.number_at.clone()].copy_from_slice(format!("{number:010}").as_bytes());
        body
    }

    /// The whole request of a number.
    pub fn request(&self, number: u64, proof: Proof, secret: &[u8]) -> Vec<u8> {
        let body = self.body(number);
        let proof = match proof {
            Proof::Bearer => format!("authorization: Bearer {TOKEN}"),
            Proof::Signature => {
                let (id, timestamp_s) = (format!("msg_{number:010}"), self.at.timestamp());
                let signature = webhooks::sign(secret, &id, timestamp_s, &body);
                format!("webhook-id: {id}\r\nwebhook-timestamp: {timestamp_s}\r\nwebhook-signature: {signature}")
            }
        };
        let head = format!(
            "POST /v1/events/{SOURCE} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
             content-length: {}\r\n{proof}\r\n\r\n",
            body.len()
        );
        [head.as_bytes(), &body].concat()
    }
}
