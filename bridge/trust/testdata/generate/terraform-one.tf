# Made by `fedbridge trust terraform --require-role-claim`: the IAM roles that fedbridge hands out,
# and the identity providers that vouch for it. Make it anew rather than change it, so that it and
# the configuration don't drift apart; `fedbridge trust check` tells whether they did.
# Apply it with credentials that may write IAM roles and identity providers:
#   terraform init && terraform apply
# What a role may do is not here: give the ARNs of its policies in `permissions`, or attach them
# elsewhere.

terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.81"
    }
  }
}

variable "permissions" {
  description = "ARNs of the managed policies that a role gets, by ACCOUNT/ROLE."
  type        = map(list(string))
  default     = {}
}

variable "metadata_corp_111122223333" {
  description = "File with the SAML metadata of https://sso.example.com/idp."
  type        = string
}

variable "metadata_fedbridge_111122223333" {
  description = "File with the SAML metadata of https://bridge.example.com/aws/saml/metadata."
  type        = string
}

# Account 111122223333 shop-prod

# If the account has it already:
#   terraform import aws_iam_openid_connect_provider.bridge_example_com_aws arn:aws:iam::111122223333:oidc-provider/bridge.example.com/aws
resource "aws_iam_openid_connect_provider" "bridge_example_com_aws" {
  url            = "https://bridge.example.com/aws"
  client_id_list = ["fedbridge:111122223333"]
}

# This identity provider isn't fedbridge's own. If the account has it already, others may use it:
# leave it to who keeps it, and see that it has what stands here besides the rest.
# If the account has it already:
#   terraform import aws_iam_openid_connect_provider.sso_example_org_realms_staff arn:aws:iam::111122223333:oidc-provider/sso.example.org/realms/staff
resource "aws_iam_openid_connect_provider" "sso_example_org_realms_staff" {
  url            = "https://sso.example.org/realms/staff"
  client_id_list = ["fedbridge", "mobile"]
}

# This identity provider isn't fedbridge's own. If the account has it already, others may use it:
# leave it to who keeps it, and see that it has what stands here besides the rest.
# If the account has it already:
#   terraform import aws_iam_saml_provider.corp arn:aws:iam::111122223333:saml-provider/Corp
resource "aws_iam_saml_provider" "corp" {
  name                   = "Corp"
  saml_metadata_document = file(var.metadata_corp_111122223333)
}

# If the account has it already:
#   terraform import aws_iam_saml_provider.fedbridge arn:aws:iam::111122223333:saml-provider/fedbridge
# fedbridge encrypts what it sends here. The aws provider can't hand the private key over, so
# afterwards:
#   aws iam update-saml-provider --saml-provider-arn arn:aws:iam::111122223333:saml-provider/fedbridge --assertion-encryption-mode Required --add-private-key file://decryption-key.pem
resource "aws_iam_saml_provider" "fedbridge" {
  name                   = "fedbridge"
  saml_metadata_document = file(var.metadata_fedbridge_111122223333)
}

resource "aws_iam_role" "r" {
  name                 = "R"
  path                 = "/team/"
  max_session_duration = 3600

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid    = "RelayedIDToken"
        Effect = "Allow"
        Principal = {
          Federated = "accounts.google.com"
        }
        Action = "sts:AssumeRoleWithWebIdentity"
        Condition = {
          StringEquals = {
            "accounts.google.com:aud" = "1234.apps.googleusercontent.com"
            "accounts.google.com:sub" = [
              "104000000000000000001",
              "104000000000000000002",
            ]
          }
        }
      },
    ]
  })
}

resource "aws_iam_role_policy_attachment" "r" {
  for_each   = toset(lookup(var.permissions, "111122223333/R", []))
  role       = aws_iam_role.r.name
  policy_arn = each.value
}

resource "aws_iam_role" "read_only" {
  name                 = "Read.Only"
  path                 = "/team/"
  max_session_duration = 3600

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid    = "RelayedIDToken"
        Effect = "Allow"
        Principal = {
          Federated = aws_iam_openid_connect_provider.sso_example_org_realms_staff.arn
        }
        Action = "sts:AssumeRoleWithWebIdentity"
        Condition = {
          StringEquals = {
            "sso.example.org/realms/staff:aud" = [
              "fedbridge",
              "mobile",
            ]
          }
        }
      },
    ]
  })
}

resource "aws_iam_role_policy_attachment" "read_only" {
  for_each   = toset(lookup(var.permissions, "111122223333/Read.Only", []))
  role       = aws_iam_role.read_only.name
  policy_arn = each.value
}

resource "aws_iam_role" "readonly" {
  name                 = "ReadOnly"
  path                 = "/team/"
  max_session_duration = 3600

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid    = "Fedbridge"
        Effect = "Allow"
        Principal = {
          Federated = aws_iam_openid_connect_provider.bridge_example_com_aws.arn
        }
        Action = "sts:AssumeRoleWithWebIdentity"
        Condition = {
          StringEquals = {
            "bridge.example.com/aws:aud" = "fedbridge:111122223333"
          }
          StringLike = {
            "bridge.example.com/aws:sub" = "ReadOnly/*"
          }
          Bool = {
            "sts:RoleAuthorizedByIdp" = "true"
          }
        }
      },
      {
        Sid    = "FedbridgeTags"
        Effect = "Allow"
        Principal = {
          Federated = aws_iam_openid_connect_provider.bridge_example_com_aws.arn
        }
        Action = "sts:TagSession"
        Condition = {
          StringEquals = {
            "bridge.example.com/aws:aud" = "fedbridge:111122223333"
          }
          StringLike = {
            "bridge.example.com/aws:sub" = "ReadOnly/*"
          }
          "ForAllValues:StringEquals" = {
            "aws:TagKeys" = [
              "Cost Centre",
              "Team",
            ]
            "sts:TransitiveTagKeys" = "Team"
          }
          Null = {
            "aws:TagKeys" = "false"
          }
        }
      },
      {
        Sid    = "FedbridgeSourceIdentity"
        Effect = "Allow"
        Principal = {
          Federated = aws_iam_openid_connect_provider.bridge_example_com_aws.arn
        }
        Action = "sts:SetSourceIdentity"
        Condition = {
          StringEquals = {
            "bridge.example.com/aws:aud" = "fedbridge:111122223333"
          }
          StringLike = {
            "bridge.example.com/aws:sub" = "ReadOnly/*"
          }
        }
      },
      {
        Sid    = "FedbridgeSAML"
        Effect = "Allow"
        Principal = {
          Federated = aws_iam_saml_provider.fedbridge.arn
        }
        Action = "sts:AssumeRoleWithSAML"
        Condition = {
          StringEquals = {
            "SAML:aud" = "https://signin.aws.amazon.com/saml"
          }
        }
      },
      {
        Sid    = "FedbridgeSAMLTags"
        Effect = "Allow"
        Principal = {
          Federated = aws_iam_saml_provider.fedbridge.arn
        }
        Action = "sts:TagSession"
        Condition = {
          StringEquals = {
            "SAML:aud" = "https://signin.aws.amazon.com/saml"
          }
          "ForAllValues:StringEquals" = {
            "aws:TagKeys" = [
              "Cost Centre",
              "Team",
            ]
            "sts:TransitiveTagKeys" = "Team"
          }
          Null = {
            "aws:TagKeys" = "false"
          }
        }
      },
      {
        Sid    = "FedbridgeSAMLSourceIdentity"
        Effect = "Allow"
        Principal = {
          Federated = aws_iam_saml_provider.fedbridge.arn
        }
        Action = "sts:SetSourceIdentity"
        Condition = {
          StringEquals = {
            "SAML:aud" = "https://signin.aws.amazon.com/saml"
          }
        }
      },
    ]
  })
}

resource "aws_iam_role_policy_attachment" "readonly" {
  for_each   = toset(lookup(var.permissions, "111122223333/ReadOnly", []))
  role       = aws_iam_role.readonly.name
  policy_arn = each.value
}

resource "aws_iam_role" "read_only_2" {
  name                 = "read-only"
  path                 = "/team/"
  max_session_duration = 3600

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid    = "FedbridgeCaller"
        Effect = "Allow"
        Principal = {
          AWS = "arn:aws:iam::999988887777:role/svc/fedbridge"
        }
        Action = "sts:AssumeRole"
      },
      {
        Sid    = "FedbridgeCallerTags"
        Effect = "Allow"
        Principal = {
          AWS = "arn:aws:iam::999988887777:role/svc/fedbridge"
        }
        Action = "sts:TagSession"
        Condition = {
          "ForAllValues:StringEquals" = {
            "aws:TagKeys" = [
              "Cost Centre",
              "Team",
            ]
            "sts:TransitiveTagKeys" = "Team"
          }
          Null = {
            "aws:TagKeys" = "false"
          }
        }
      },
      {
        Sid    = "FedbridgeCallerSourceIdentity"
        Effect = "Allow"
        Principal = {
          AWS = "arn:aws:iam::999988887777:role/svc/fedbridge"
        }
        Action = "sts:SetSourceIdentity"
      },
      {
        Sid    = "RelayedSAML"
        Effect = "Allow"
        Principal = {
          Federated = aws_iam_saml_provider.corp.arn
        }
        Action = "sts:AssumeRoleWithSAML"
        Condition = {
          StringEquals = {
            "SAML:aud" = "https://bridge.example.com/saml/corp/acs"
          }
        }
      },
    ]
  })
}

resource "aws_iam_role_policy_attachment" "read_only_2" {
  for_each   = toset(lookup(var.permissions, "111122223333/read-only", []))
  role       = aws_iam_role.read_only_2.name
  policy_arn = each.value
}
