//! What the objects of Terraform's provider for AWS are here: types and identities, no more. Its attributes are those of its own
//! documentation (`registry.terraform.io/providers/hashicorp/aws`, "Attribute Reference").

use std::collections::BTreeMap;

use infra_model::address::ResourceType;
use infra_model::record::ObjectId;
use infra_model::resource::Target;
use infra_model::sealing::Secret;
use infra_model::value::{Attributes, Value};
use infra_provider::foreign::{Counterpart, ForeignObject, Meaning, Translating};

use crate::connection::REGION;
use crate::settings::AwsSettings;

mod types;
mod unmanaged;

/// Tells what objects of Terraform are in one environment.
#[derive(Clone, Debug)]
pub(crate) struct Terraform {
    /// The region of objects that do not say theirs.
    pub(crate) region: String,
    /// The account of the environment.
    pub(crate) account: String,
}

impl Terraform {
    /// Returns what tells for an environment.
    pub(crate) fn of(settings: &AwsSettings) -> Self {
        Terraform {
            region: settings.region.clone(),
            account: settings.account.clone(),
        }
    }

    /// Returns the account of an object, if it says so and it is another one: what is called the same here is not that object.
    fn other_account<'a>(&self, attributes: &'a Attributes) -> Option<&'a str> {
        let in_arn = text(attributes, "arn").and_then(|arn| arn.split(':').nth(4));
        let said = in_arn
            .filter(|account| !account.is_empty())
            .or_else(|| text(attributes, "owner_id"));
        said.filter(|account| *account != self.account)
    }

    /// Returns where an object is: it says so since version 6 of the provider, before only its ARN does.
    fn target(&self, attributes: &Attributes) -> Target {
        let region = text(attributes, "region").or_else(|| {
            let parts = text(attributes, "arn")?.split(':');
            parts.into_iter().nth(3).filter(|region| !region.is_empty())
        });
        let region = region.unwrap_or(&self.region).to_owned();
        Target(BTreeMap::from([(REGION.to_owned(), region)]))
    }
}

impl Translating for Terraform {
    fn meaning(&self, object: &ForeignObject<'_>) -> Meaning {
        let Some(objects) = types::objects(object.resource_type, object.attributes) else {
            let whole = types::whole(object.resource_type);
            return whole.map_or_else(|| Meaning::Unmanaged(unmanaged::reason(object)), Meaning::PartOf);
        };
        if let Some(account) = self.other_account(object.attributes) {
            return Meaning::Elsewhere(format!("the account {account}"));
        }
        let target = self.target(object.attributes);
        let counterpart = |(resource_type, id): (&str, String)| Counterpart {
            resource_type: resource_type
                .parse::<ResourceType>()
                .expect("a type in this source"),
            id: ObjectId(id),
            target: target.clone(),
        };
        Meaning::Objects(objects.into_iter().map(counterpart).collect())
    }

    /// The secret of a key is told once.
    fn kept(&self, object: &ForeignObject<'_>) -> Attributes {
        match (object.resource_type, text(object.attributes, "secret")) {
            (types::ACCESS_KEY, Some(secret)) => {
                Attributes::from([("secret_key".to_owned(), Value::Secret(Secret::new(secret)))])
            }
            _ => Attributes::new(),
        }
    }
}

/// Returns a text among attributes.
fn text<'a>(attributes: &'a Attributes, name: &str) -> Option<&'a str> {
    attributes
        .get(name)
        .and_then(Value::as_str)
        .filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meaning(resource_type: &str, attributes: &[(&str, &str)]) -> Meaning {
        let attributes = attributes
            .iter()
            .map(|(name, value)| ((*name).to_owned(), Value::string(*value)))
            .collect();
        let terraform = Terraform {
            region: "eu-west-1".to_owned(),
            account: "111122223333".to_owned(),
        };
        terraform.meaning(&ForeignObject {
            resource_type,
            attributes: &attributes,
        })
    }

    #[test]
    fn an_object_is_where_its_region_or_arn_says() {
        for (attributes, region) in [
            (vec![("name", "alias/a")], "eu-west-1"),
            (
                vec![
                    ("name", "alias/a"),
                    ("arn", "arn:aws:kms:eu-north-1:111122223333:alias/a"),
                ],
                "eu-north-1",
            ),
            (vec![("name", "alias/a"), ("region", "us-east-1")], "us-east-1"),
        ] {
            let Meaning::Objects(found) = meaning("aws_kms_alias", &attributes) else {
                panic!("aliases are managed");
            };
            assert_eq!(found[0].target.0[REGION], region);
            assert_eq!(found[0].id.0, "alias/a");
        }
    }

    #[test]
    fn an_object_of_another_account_is_not_ours() {
        let arn = |account: &str| format!("arn:aws:rds:eu-west-1:{account}:db:main");
        let instance = |account| {
            meaning(
                "aws_db_instance",
                &[("identifier", "main"), ("arn", &arn(account))],
            )
        };
        assert_eq!(
            instance("999999999999"),
            Meaning::Elsewhere("the account 999999999999".to_owned())
        );
        assert!(matches!(instance("111122223333"), Meaning::Objects(found) if found.len() == 1));
        let network = [("id", "vpc-1"), ("owner_id", "999999999999")];
        assert!(matches!(meaning("aws_vpc", &network), Meaning::Elsewhere(_)));
    }

    #[test]
    fn what_is_not_managed_and_what_is_a_part_are_told_apart() {
        assert!(matches!(
            meaning("aws_lambda_function", &[]),
            Meaning::Unmanaged(_)
        ));
        assert_eq!(
            meaning("aws_s3_bucket_versioning", &[("bucket", "b")]),
            Meaning::PartOf("aws_s3_bucket")
        );
    }

    #[test]
    fn a_key_comes_with_its_secret_or_not_at_all() {
        let attributes = [("id", "AKIAEXAMPLE"), ("user", "app"), ("secret", "of-the-file")];
        assert!(
            matches!(meaning("aws_iam_access_key", &attributes), Meaning::Objects(one) if one.len() == 1)
        );
        let encrypted = meaning("aws_iam_access_key", &attributes[..2]);
        assert!(
            matches!(encrypted, Meaning::Unmanaged(why) if why.contains("its secret")),
            "{encrypted:?}"
        );
    }

    #[test]
    fn rules_and_routes_are_told_by_their_identity_where_they_have_one() {
        let id = |meaning| match meaning {
            Meaning::Objects(found) => found.into_iter().map(|one| one.id.0).collect::<String>(),
            other => format!("{other:?}"),
        };
        let route = [
            ("route_table_id", "rtb-1"),
            ("destination_cidr_block", "0.0.0.0/0"),
        ];
        assert_eq!(id(meaning("aws_route", &route)), "rtb-1|0.0.0.0/0");
        assert!(matches!(meaning("aws_route", &route[..1]), Meaning::Unmanaged(_)));
        let rule = [("id", "sgrule-1"), ("security_group_rule_id", "sgr-1")];
        assert_eq!(id(meaning("aws_security_group_rule", &rule)), "sgr-1");
        assert!(matches!(
            meaning("aws_security_group_rule", &rule[..1]),
            Meaning::PartOf(_)
        ));
    }

    #[test]
    fn every_type_that_is_named_is_managed() {
        let known: Vec<String> = crate::kinds::schemas()
            .into_iter()
            .map(|schema| schema.resource_type.as_str().to_owned())
            .collect();
        for (theirs, ours) in types::pairs() {
            assert!(
                known.iter().any(|one| one == ours),
                "{theirs} is {ours}, which there is not"
            );
        }
    }

    #[test]
    #[expect(
        clippy::disallowed_methods,
        reason = "whoever runs the test says whether to write the page anew"
    )]
    fn the_guide_lists_every_type() {
        let path =
            std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/guide/from-terraform.md");
        let guide = std::fs::read_to_string(&path).unwrap();
        let (before, rest) = guide.split_once("| --- | --- |\n").unwrap();
        let after = rest.lines().skip_while(|line| line.starts_with('|'));
        let rows = types::pairs().map(|(theirs, ours)| format!("| `{theirs}` | `{ours}` |\n"));
        let after: String = after.map(|line| format!("{line}\n")).collect();
        let page = format!("{before}| --- | --- |\n{}{after}", rows.collect::<String>());
        if std::env::var_os("INFRA_UPDATE_DOCS").is_some() {
            std::fs::write(&path, &page).unwrap();
        }
        let written = std::fs::read_to_string(&path).unwrap();
        assert!(
            page == written,
            "the table in {} is not that of the provider; write it anew with INFRA_UPDATE_DOCS=1",
            path.display()
        );
    }
}
