# Made by `fedbridge trust terraform`: the IAM roles that fedbridge hands out, and the identity
# providers that vouch for it. Make it anew rather than change it, so that it and the configuration
# don't drift apart; `fedbridge trust check` tells whether they did.
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

variable "profiles" {
  description = "AWS CLI profile to reach each account with, by account id; the default credentials where none is given."
  type        = map(string)
  default     = {}
}

# Account 100000000001 account-1000

provider "aws" {
  alias               = "a100000000001"
  allowed_account_ids = ["100000000001"]
  profile             = lookup(var.profiles, "100000000001", null)
}

# If the account has it already:
#   terraform import aws_iam_openid_connect_provider.bridge_example_com_aws_100000000001 arn:aws:iam::100000000001:oidc-provider/bridge.example.com/aws
resource "aws_iam_openid_connect_provider" "bridge_example_com_aws_100000000001" {
  provider = aws.a100000000001

  url            = "https://bridge.example.com/aws"
  client_id_list = ["fedbridge:100000000001"]
}

# If the account has it already:
#   terraform import aws_iam_saml_provider.fedbridge_100000000001 arn:aws:iam::100000000001:saml-provider/fedbridge
resource "aws_iam_saml_provider" "fedbridge_100000000001" {
  provider = aws.a100000000001

  name = "fedbridge"

  saml_metadata_document = <<METADATA
<?xml version="1.0" encoding="UTF-8"?>
<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="https://bridge.example.com/aws/saml/metadata">
  <IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">
    <!-- "quotes", $${braces}, %%{percent} and back\slashes stay what they are -->
    <SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="https://bridge.example.com/"/>
  </IDPSSODescriptor>
</EntityDescriptor>
METADATA
}

resource "aws_iam_role" "readonly_100000000001" {
  provider = aws.a100000000001

  name                 = "ReadOnly"
  max_session_duration = 28800

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid    = "Fedbridge"
        Effect = "Allow"
        Principal = {
          Federated = aws_iam_openid_connect_provider.bridge_example_com_aws_100000000001.arn
        }
        Action = "sts:AssumeRoleWithWebIdentity"
        Condition = {
          StringEquals = {
            "bridge.example.com/aws:aud" = "fedbridge:100000000001"
          }
          StringLike = {
            "bridge.example.com/aws:sub" = "ReadOnly/*"
          }
        }
      },
      {
        Sid    = "FedbridgeTags"
        Effect = "Allow"
        Principal = {
          Federated = aws_iam_openid_connect_provider.bridge_example_com_aws_100000000001.arn
        }
        Action = "sts:TagSession"
        Condition = {
          StringEquals = {
            "bridge.example.com/aws:aud" = "fedbridge:100000000001"
          }
          StringLike = {
            "bridge.example.com/aws:sub" = "ReadOnly/*"
          }
          "ForAllValues:StringEquals" = {
            "aws:TagKeys" = "Team"
          }
          Null = {
            "aws:TagKeys"           = "false"
            "sts:TransitiveTagKeys" = "true"
          }
        }
      },
    ]
  })
}

resource "aws_iam_role_policy_attachment" "readonly_100000000001" {
  provider = aws.a100000000001

  for_each   = toset(lookup(var.permissions, "100000000001/ReadOnly", []))
  role       = aws_iam_role.readonly_100000000001.name
  policy_arn = each.value
}

resource "aws_iam_role" "vendor_100000000001" {
  provider = aws.a100000000001

  name                 = "Vendor"
  max_session_duration = 28800

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
        Condition = {
          StringEquals = {
            "sts:ExternalId" = "customer-100000000001"
          }
        }
      },
    ]
  })
}

resource "aws_iam_role_policy_attachment" "vendor_100000000001" {
  provider = aws.a100000000001

  for_each   = toset(lookup(var.permissions, "100000000001/Vendor", []))
  role       = aws_iam_role.vendor_100000000001.name
  policy_arn = each.value
}

resource "aws_iam_role" "admin_100000000001" {
  provider = aws.a100000000001

  name                 = "Admin"
  path                 = "/team/"
  max_session_duration = 3600

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid    = "FedbridgeSAML"
        Effect = "Allow"
        Principal = {
          Federated = aws_iam_saml_provider.fedbridge_100000000001.arn
        }
        Action = "sts:AssumeRoleWithSAML"
        Condition = {
          StringEquals = {
            "SAML:aud" = "https://signin.aws.amazon.com/saml"
          }
        }
      },
    ]
  })
}

resource "aws_iam_role_policy_attachment" "admin_100000000001" {
  provider = aws.a100000000001

  for_each   = toset(lookup(var.permissions, "100000000001/Admin", []))
  role       = aws_iam_role.admin_100000000001.name
  policy_arn = each.value
}

# Account 100000000002 account-1000

provider "aws" {
  alias               = "a100000000002"
  allowed_account_ids = ["100000000002"]
  profile             = lookup(var.profiles, "100000000002", null)
}

# If the account has it already:
#   terraform import aws_iam_openid_connect_provider.bridge_example_com_aws_100000000002 arn:aws:iam::100000000002:oidc-provider/bridge.example.com/aws
resource "aws_iam_openid_connect_provider" "bridge_example_com_aws_100000000002" {
  provider = aws.a100000000002

  url            = "https://bridge.example.com/aws"
  client_id_list = ["fedbridge:100000000002"]
}

resource "aws_iam_role" "readonly_100000000002" {
  provider = aws.a100000000002

  name                 = "ReadOnly"
  max_session_duration = 28800

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid    = "Fedbridge"
        Effect = "Allow"
        Principal = {
          Federated = aws_iam_openid_connect_provider.bridge_example_com_aws_100000000002.arn
        }
        Action = "sts:AssumeRoleWithWebIdentity"
        Condition = {
          StringEquals = {
            "bridge.example.com/aws:aud" = "fedbridge:100000000002"
          }
          StringLike = {
            "bridge.example.com/aws:sub" = "ReadOnly/*"
          }
        }
      },
      {
        Sid    = "FedbridgeTags"
        Effect = "Allow"
        Principal = {
          Federated = aws_iam_openid_connect_provider.bridge_example_com_aws_100000000002.arn
        }
        Action = "sts:TagSession"
        Condition = {
          StringEquals = {
            "bridge.example.com/aws:aud" = "fedbridge:100000000002"
          }
          StringLike = {
            "bridge.example.com/aws:sub" = "ReadOnly/*"
          }
          "ForAllValues:StringEquals" = {
            "aws:TagKeys" = "Team"
          }
          Null = {
            "aws:TagKeys"           = "false"
            "sts:TransitiveTagKeys" = "true"
          }
        }
      },
    ]
  })
}

resource "aws_iam_role_policy_attachment" "readonly_100000000002" {
  provider = aws.a100000000002

  for_each   = toset(lookup(var.permissions, "100000000002/ReadOnly", []))
  role       = aws_iam_role.readonly_100000000002.name
  policy_arn = each.value
}

resource "aws_iam_role" "vendor_100000000002" {
  provider = aws.a100000000002

  name                 = "Vendor"
  max_session_duration = 28800

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
        Condition = {
          StringEquals = {
            "sts:ExternalId" = "customer-100000000002"
          }
        }
      },
    ]
  })
}

resource "aws_iam_role_policy_attachment" "vendor_100000000002" {
  provider = aws.a100000000002

  for_each   = toset(lookup(var.permissions, "100000000002/Vendor", []))
  role       = aws_iam_role.vendor_100000000002.name
  policy_arn = each.value
}

# Account 100000000003 account-1000

provider "aws" {
  alias               = "a100000000003"
  allowed_account_ids = ["100000000003"]
  profile             = lookup(var.profiles, "100000000003", null)
}

# If the account has it already:
#   terraform import aws_iam_openid_connect_provider.bridge_example_com_aws_100000000003 arn:aws:iam::100000000003:oidc-provider/bridge.example.com/aws
resource "aws_iam_openid_connect_provider" "bridge_example_com_aws_100000000003" {
  provider = aws.a100000000003

  url            = "https://bridge.example.com/aws"
  client_id_list = ["fedbridge:100000000003"]
}

# If the account has it already:
#   terraform import aws_iam_saml_provider.fedbridge_100000000003 arn:aws:iam::100000000003:saml-provider/fedbridge
resource "aws_iam_saml_provider" "fedbridge_100000000003" {
  provider = aws.a100000000003

  name = "fedbridge"

  saml_metadata_document = <<METADATA
<?xml version="1.0" encoding="UTF-8"?>
<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="https://bridge.example.com/aws/saml/metadata">
  <IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">
    <!-- "quotes", $${braces}, %%{percent} and back\slashes stay what they are -->
    <SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="https://bridge.example.com/"/>
  </IDPSSODescriptor>
</EntityDescriptor>
METADATA
}

resource "aws_iam_role" "readonly_100000000003" {
  provider = aws.a100000000003

  name                 = "ReadOnly"
  max_session_duration = 28800

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid    = "Fedbridge"
        Effect = "Allow"
        Principal = {
          Federated = aws_iam_openid_connect_provider.bridge_example_com_aws_100000000003.arn
        }
        Action = "sts:AssumeRoleWithWebIdentity"
        Condition = {
          StringEquals = {
            "bridge.example.com/aws:aud" = "fedbridge:100000000003"
          }
          StringLike = {
            "bridge.example.com/aws:sub" = "ReadOnly/*"
          }
        }
      },
      {
        Sid    = "FedbridgeTags"
        Effect = "Allow"
        Principal = {
          Federated = aws_iam_openid_connect_provider.bridge_example_com_aws_100000000003.arn
        }
        Action = "sts:TagSession"
        Condition = {
          StringEquals = {
            "bridge.example.com/aws:aud" = "fedbridge:100000000003"
          }
          StringLike = {
            "bridge.example.com/aws:sub" = "ReadOnly/*"
          }
          "ForAllValues:StringEquals" = {
            "aws:TagKeys" = "Team"
          }
          Null = {
            "aws:TagKeys"           = "false"
            "sts:TransitiveTagKeys" = "true"
          }
        }
      },
    ]
  })
}

resource "aws_iam_role_policy_attachment" "readonly_100000000003" {
  provider = aws.a100000000003

  for_each   = toset(lookup(var.permissions, "100000000003/ReadOnly", []))
  role       = aws_iam_role.readonly_100000000003.name
  policy_arn = each.value
}

resource "aws_iam_role" "vendor_100000000003" {
  provider = aws.a100000000003

  name                 = "Vendor"
  max_session_duration = 28800

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
        Condition = {
          StringEquals = {
            "sts:ExternalId" = "customer-100000000003"
          }
        }
      },
    ]
  })
}

resource "aws_iam_role_policy_attachment" "vendor_100000000003" {
  provider = aws.a100000000003

  for_each   = toset(lookup(var.permissions, "100000000003/Vendor", []))
  role       = aws_iam_role.vendor_100000000003.name
  policy_arn = each.value
}

resource "aws_iam_role" "admin_100000000003" {
  provider = aws.a100000000003

  name                 = "Admin"
  path                 = "/team/"
  max_session_duration = 3600

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid    = "FedbridgeSAML"
        Effect = "Allow"
        Principal = {
          Federated = aws_iam_saml_provider.fedbridge_100000000003.arn
        }
        Action = "sts:AssumeRoleWithSAML"
        Condition = {
          StringEquals = {
            "SAML:aud" = "https://signin.aws.amazon.com/saml"
          }
        }
      },
    ]
  })
}

resource "aws_iam_role_policy_attachment" "admin_100000000003" {
  provider = aws.a100000000003

  for_each   = toset(lookup(var.permissions, "100000000003/Admin", []))
  role       = aws_iam_role.admin_100000000003.name
  policy_arn = each.value
}

# Account 100000000004 account-1000

provider "aws" {
  alias               = "a100000000004"
  allowed_account_ids = ["100000000004"]
  profile             = lookup(var.profiles, "100000000004", null)
}

# If the account has it already:
#   terraform import aws_iam_openid_connect_provider.bridge_example_com_aws_100000000004 arn:aws:iam::100000000004:oidc-provider/bridge.example.com/aws
resource "aws_iam_openid_connect_provider" "bridge_example_com_aws_100000000004" {
  provider = aws.a100000000004

  url            = "https://bridge.example.com/aws"
  client_id_list = ["fedbridge:100000000004"]
}

resource "aws_iam_role" "readonly_100000000004" {
  provider = aws.a100000000004

  name                 = "ReadOnly"
  max_session_duration = 28800

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid    = "Fedbridge"
        Effect = "Allow"
        Principal = {
          Federated = aws_iam_openid_connect_provider.bridge_example_com_aws_100000000004.arn
        }
        Action = "sts:AssumeRoleWithWebIdentity"
        Condition = {
          StringEquals = {
            "bridge.example.com/aws:aud" = "fedbridge:100000000004"
          }
          StringLike = {
            "bridge.example.com/aws:sub" = "ReadOnly/*"
          }
        }
      },
      {
        Sid    = "FedbridgeTags"
        Effect = "Allow"
        Principal = {
          Federated = aws_iam_openid_connect_provider.bridge_example_com_aws_100000000004.arn
        }
        Action = "sts:TagSession"
        Condition = {
          StringEquals = {
            "bridge.example.com/aws:aud" = "fedbridge:100000000004"
          }
          StringLike = {
            "bridge.example.com/aws:sub" = "ReadOnly/*"
          }
          "ForAllValues:StringEquals" = {
            "aws:TagKeys" = "Team"
          }
          Null = {
            "aws:TagKeys"           = "false"
            "sts:TransitiveTagKeys" = "true"
          }
        }
      },
    ]
  })
}

resource "aws_iam_role_policy_attachment" "readonly_100000000004" {
  provider = aws.a100000000004

  for_each   = toset(lookup(var.permissions, "100000000004/ReadOnly", []))
  role       = aws_iam_role.readonly_100000000004.name
  policy_arn = each.value
}

resource "aws_iam_role" "vendor_100000000004" {
  provider = aws.a100000000004

  name                 = "Vendor"
  max_session_duration = 28800

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
        Condition = {
          StringEquals = {
            "sts:ExternalId" = "customer-100000000004"
          }
        }
      },
    ]
  })
}

resource "aws_iam_role_policy_attachment" "vendor_100000000004" {
  provider = aws.a100000000004

  for_each   = toset(lookup(var.permissions, "100000000004/Vendor", []))
  role       = aws_iam_role.vendor_100000000004.name
  policy_arn = each.value
}

# Account 100000000005 account-1000

provider "aws" {
  alias               = "a100000000005"
  allowed_account_ids = ["100000000005"]
  profile             = lookup(var.profiles, "100000000005", null)
}

# If the account has it already:
#   terraform import aws_iam_openid_connect_provider.bridge_example_com_aws_100000000005 arn:aws:iam::100000000005:oidc-provider/bridge.example.com/aws
resource "aws_iam_openid_connect_provider" "bridge_example_com_aws_100000000005" {
  provider = aws.a100000000005

  url            = "https://bridge.example.com/aws"
  client_id_list = ["fedbridge:100000000005"]
}

# If the account has it already:
#   terraform import aws_iam_saml_provider.fedbridge_100000000005 arn:aws:iam::100000000005:saml-provider/fedbridge
resource "aws_iam_saml_provider" "fedbridge_100000000005" {
  provider = aws.a100000000005

  name = "fedbridge"

  saml_metadata_document = <<METADATA
<?xml version="1.0" encoding="UTF-8"?>
<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="https://bridge.example.com/aws/saml/metadata">
  <IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">
    <!-- "quotes", $${braces}, %%{percent} and back\slashes stay what they are -->
    <SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="https://bridge.example.com/"/>
  </IDPSSODescriptor>
</EntityDescriptor>
METADATA
}

resource "aws_iam_role" "readonly_100000000005" {
  provider = aws.a100000000005

  name                 = "ReadOnly"
  max_session_duration = 28800

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid    = "Fedbridge"
        Effect = "Allow"
        Principal = {
          Federated = aws_iam_openid_connect_provider.bridge_example_com_aws_100000000005.arn
        }
        Action = "sts:AssumeRoleWithWebIdentity"
        Condition = {
          StringEquals = {
            "bridge.example.com/aws:aud" = "fedbridge:100000000005"
          }
          StringLike = {
            "bridge.example.com/aws:sub" = "ReadOnly/*"
          }
        }
      },
      {
        Sid    = "FedbridgeTags"
        Effect = "Allow"
        Principal = {
          Federated = aws_iam_openid_connect_provider.bridge_example_com_aws_100000000005.arn
        }
        Action = "sts:TagSession"
        Condition = {
          StringEquals = {
            "bridge.example.com/aws:aud" = "fedbridge:100000000005"
          }
          StringLike = {
            "bridge.example.com/aws:sub" = "ReadOnly/*"
          }
          "ForAllValues:StringEquals" = {
            "aws:TagKeys" = "Team"
          }
          Null = {
            "aws:TagKeys"           = "false"
            "sts:TransitiveTagKeys" = "true"
          }
        }
      },
    ]
  })
}

resource "aws_iam_role_policy_attachment" "readonly_100000000005" {
  provider = aws.a100000000005

  for_each   = toset(lookup(var.permissions, "100000000005/ReadOnly", []))
  role       = aws_iam_role.readonly_100000000005.name
  policy_arn = each.value
}

resource "aws_iam_role" "vendor_100000000005" {
  provider = aws.a100000000005

  name                 = "Vendor"
  max_session_duration = 28800

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
        Condition = {
          StringEquals = {
            "sts:ExternalId" = "customer-100000000005"
          }
        }
      },
    ]
  })
}

resource "aws_iam_role_policy_attachment" "vendor_100000000005" {
  provider = aws.a100000000005

  for_each   = toset(lookup(var.permissions, "100000000005/Vendor", []))
  role       = aws_iam_role.vendor_100000000005.name
  policy_arn = each.value
}

resource "aws_iam_role" "admin_100000000005" {
  provider = aws.a100000000005

  name                 = "Admin"
  path                 = "/team/"
  max_session_duration = 3600

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid    = "FedbridgeSAML"
        Effect = "Allow"
        Principal = {
          Federated = aws_iam_saml_provider.fedbridge_100000000005.arn
        }
        Action = "sts:AssumeRoleWithSAML"
        Condition = {
          StringEquals = {
            "SAML:aud" = "https://signin.aws.amazon.com/saml"
          }
        }
      },
    ]
  })
}

resource "aws_iam_role_policy_attachment" "admin_100000000005" {
  provider = aws.a100000000005

  for_each   = toset(lookup(var.permissions, "100000000005/Admin", []))
  role       = aws_iam_role.admin_100000000005.name
  policy_arn = each.value
}

# Account 100000000006 account-1000

provider "aws" {
  alias               = "a100000000006"
  allowed_account_ids = ["100000000006"]
  profile             = lookup(var.profiles, "100000000006", null)
}

# If the account has it already:
#   terraform import aws_iam_openid_connect_provider.bridge_example_com_aws_100000000006 arn:aws:iam::100000000006:oidc-provider/bridge.example.com/aws
resource "aws_iam_openid_connect_provider" "bridge_example_com_aws_100000000006" {
  provider = aws.a100000000006

  url            = "https://bridge.example.com/aws"
  client_id_list = ["fedbridge:100000000006"]
}

resource "aws_iam_role" "readonly_100000000006" {
  provider = aws.a100000000006

  name                 = "ReadOnly"
  max_session_duration = 28800

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid    = "Fedbridge"
        Effect = "Allow"
        Principal = {
          Federated = aws_iam_openid_connect_provider.bridge_example_com_aws_100000000006.arn
        }
        Action = "sts:AssumeRoleWithWebIdentity"
        Condition = {
          StringEquals = {
            "bridge.example.com/aws:aud" = "fedbridge:100000000006"
          }
          StringLike = {
            "bridge.example.com/aws:sub" = "ReadOnly/*"
          }
        }
      },
      {
        Sid    = "FedbridgeTags"
        Effect = "Allow"
        Principal = {
          Federated = aws_iam_openid_connect_provider.bridge_example_com_aws_100000000006.arn
        }
        Action = "sts:TagSession"
        Condition = {
          StringEquals = {
            "bridge.example.com/aws:aud" = "fedbridge:100000000006"
          }
          StringLike = {
            "bridge.example.com/aws:sub" = "ReadOnly/*"
          }
          "ForAllValues:StringEquals" = {
            "aws:TagKeys" = "Team"
          }
          Null = {
            "aws:TagKeys"           = "false"
            "sts:TransitiveTagKeys" = "true"
          }
        }
      },
    ]
  })
}

resource "aws_iam_role_policy_attachment" "readonly_100000000006" {
  provider = aws.a100000000006

  for_each   = toset(lookup(var.permissions, "100000000006/ReadOnly", []))
  role       = aws_iam_role.readonly_100000000006.name
  policy_arn = each.value
}

resource "aws_iam_role" "vendor_100000000006" {
  provider = aws.a100000000006

  name                 = "Vendor"
  max_session_duration = 28800

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
        Condition = {
          StringEquals = {
            "sts:ExternalId" = "customer-100000000006"
          }
        }
      },
    ]
  })
}

resource "aws_iam_role_policy_attachment" "vendor_100000000006" {
  provider = aws.a100000000006

  for_each   = toset(lookup(var.permissions, "100000000006/Vendor", []))
  role       = aws_iam_role.vendor_100000000006.name
  policy_arn = each.value
}

# Account 100000000007 account-1000

provider "aws" {
  alias               = "a100000000007"
  allowed_account_ids = ["100000000007"]
  profile             = lookup(var.profiles, "100000000007", null)
}

# If the account has it already:
#   terraform import aws_iam_openid_connect_provider.bridge_example_com_aws_100000000007 arn:aws:iam::100000000007:oidc-provider/bridge.example.com/aws
resource "aws_iam_openid_connect_provider" "bridge_example_com_aws_100000000007" {
  provider = aws.a100000000007

  url            = "https://bridge.example.com/aws"
  client_id_list = ["fedbridge:100000000007"]
}

# If the account has it already:
#   terraform import aws_iam_saml_provider.fedbridge_100000000007 arn:aws:iam::100000000007:saml-provider/fedbridge
resource "aws_iam_saml_provider" "fedbridge_100000000007" {
  provider = aws.a100000000007

  name = "fedbridge"

  saml_metadata_document = <<METADATA
<?xml version="1.0" encoding="UTF-8"?>
<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="https://bridge.example.com/aws/saml/metadata">
  <IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">
    <!-- "quotes", $${braces}, %%{percent} and back\slashes stay what they are -->
    <SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="https://bridge.example.com/"/>
  </IDPSSODescriptor>
</EntityDescriptor>
METADATA
}

resource "aws_iam_role" "readonly_100000000007" {
  provider = aws.a100000000007

  name                 = "ReadOnly"
  max_session_duration = 28800

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid    = "Fedbridge"
        Effect = "Allow"
        Principal = {
          Federated = aws_iam_openid_connect_provider.bridge_example_com_aws_100000000007.arn
        }
        Action = "sts:AssumeRoleWithWebIdentity"
        Condition = {
          StringEquals = {
            "bridge.example.com/aws:aud" = "fedbridge:100000000007"
          }
          StringLike = {
            "bridge.example.com/aws:sub" = "ReadOnly/*"
          }
        }
      },
      {
        Sid    = "FedbridgeTags"
        Effect = "Allow"
        Principal = {
          Federated = aws_iam_openid_connect_provider.bridge_example_com_aws_100000000007.arn
        }
        Action = "sts:TagSession"
        Condition = {
          StringEquals = {
            "bridge.example.com/aws:aud" = "fedbridge:100000000007"
          }
          StringLike = {
            "bridge.example.com/aws:sub" = "ReadOnly/*"
          }
          "ForAllValues:StringEquals" = {
            "aws:TagKeys" = "Team"
          }
          Null = {
            "aws:TagKeys"           = "false"
            "sts:TransitiveTagKeys" = "true"
          }
        }
      },
    ]
  })
}

resource "aws_iam_role_policy_attachment" "readonly_100000000007" {
  provider = aws.a100000000007

  for_each   = toset(lookup(var.permissions, "100000000007/ReadOnly", []))
  role       = aws_iam_role.readonly_100000000007.name
  policy_arn = each.value
}

resource "aws_iam_role" "admin_100000000007" {
  provider = aws.a100000000007

  name                 = "Admin"
  path                 = "/team/"
  max_session_duration = 3600

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid    = "FedbridgeSAML"
        Effect = "Allow"
        Principal = {
          Federated = aws_iam_saml_provider.fedbridge_100000000007.arn
        }
        Action = "sts:AssumeRoleWithSAML"
        Condition = {
          StringEquals = {
            "SAML:aud" = "https://signin.aws.amazon.com/saml"
          }
        }
      },
    ]
  })
}

resource "aws_iam_role_policy_attachment" "admin_100000000007" {
  provider = aws.a100000000007

  for_each   = toset(lookup(var.permissions, "100000000007/Admin", []))
  role       = aws_iam_role.admin_100000000007.name
  policy_arn = each.value
}

# Account 111122223333 account-1111

provider "aws" {
  alias               = "a111122223333"
  allowed_account_ids = ["111122223333"]
  profile             = lookup(var.profiles, "111122223333", null)
}

# If the account has it already:
#   terraform import aws_iam_openid_connect_provider.bridge_example_com_aws_111122223333 arn:aws:iam::111122223333:oidc-provider/bridge.example.com/aws
resource "aws_iam_openid_connect_provider" "bridge_example_com_aws_111122223333" {
  provider = aws.a111122223333

  url            = "https://bridge.example.com/aws"
  client_id_list = ["fedbridge:111122223333"]
}

# If the account has it already:
#   terraform import aws_iam_saml_provider.fedbridge_111122223333 arn:aws:iam::111122223333:saml-provider/fedbridge
resource "aws_iam_saml_provider" "fedbridge_111122223333" {
  provider = aws.a111122223333

  name = "fedbridge"

  saml_metadata_document = <<METADATA
<?xml version="1.0" encoding="UTF-8"?>
<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="https://bridge.example.com/aws/saml/metadata">
  <IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">
    <!-- "quotes", $${braces}, %%{percent} and back\slashes stay what they are -->
    <SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="https://bridge.example.com/"/>
  </IDPSSODescriptor>
</EntityDescriptor>
METADATA
}

resource "aws_iam_role" "readonly_111122223333" {
  provider = aws.a111122223333

  name                 = "ReadOnly"
  max_session_duration = 28800

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid    = "Fedbridge"
        Effect = "Allow"
        Principal = {
          Federated = aws_iam_openid_connect_provider.bridge_example_com_aws_111122223333.arn
        }
        Action = "sts:AssumeRoleWithWebIdentity"
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
        Sid    = "FedbridgeTags"
        Effect = "Allow"
        Principal = {
          Federated = aws_iam_openid_connect_provider.bridge_example_com_aws_111122223333.arn
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
            "aws:TagKeys" = "Team"
          }
          Null = {
            "aws:TagKeys"           = "false"
            "sts:TransitiveTagKeys" = "true"
          }
        }
      },
    ]
  })
}

resource "aws_iam_role_policy_attachment" "readonly_111122223333" {
  provider = aws.a111122223333

  for_each   = toset(lookup(var.permissions, "111122223333/ReadOnly", []))
  role       = aws_iam_role.readonly_111122223333.name
  policy_arn = each.value
}

resource "aws_iam_role" "vendor_111122223333" {
  provider = aws.a111122223333

  name                 = "Vendor"
  max_session_duration = 28800

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
        Condition = {
          StringEquals = {
            "sts:ExternalId" = "customer-111122223333"
          }
        }
      },
    ]
  })
}

resource "aws_iam_role_policy_attachment" "vendor_111122223333" {
  provider = aws.a111122223333

  for_each   = toset(lookup(var.permissions, "111122223333/Vendor", []))
  role       = aws_iam_role.vendor_111122223333.name
  policy_arn = each.value
}

resource "aws_iam_role" "admin_111122223333" {
  provider = aws.a111122223333

  name                 = "Admin"
  path                 = "/team/"
  max_session_duration = 3600

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid    = "FedbridgeSAML"
        Effect = "Allow"
        Principal = {
          Federated = aws_iam_saml_provider.fedbridge_111122223333.arn
        }
        Action = "sts:AssumeRoleWithSAML"
        Condition = {
          StringEquals = {
            "SAML:aud" = "https://signin.aws.amazon.com/saml"
          }
        }
      },
    ]
  })
}

resource "aws_iam_role_policy_attachment" "admin_111122223333" {
  provider = aws.a111122223333

  for_each   = toset(lookup(var.permissions, "111122223333/Admin", []))
  role       = aws_iam_role.admin_111122223333.name
  policy_arn = each.value
}

# Account 222233334444 account-2222

provider "aws" {
  alias               = "a222233334444"
  allowed_account_ids = ["222233334444"]
  profile             = lookup(var.profiles, "222233334444", null)
}

# If the account has it already:
#   terraform import aws_iam_openid_connect_provider.bridge_example_com_aws_222233334444 arn:aws:iam::222233334444:oidc-provider/bridge.example.com/aws
resource "aws_iam_openid_connect_provider" "bridge_example_com_aws_222233334444" {
  provider = aws.a222233334444

  url            = "https://bridge.example.com/aws"
  client_id_list = ["fedbridge:222233334444"]
}

resource "aws_iam_role" "readonly_222233334444" {
  provider = aws.a222233334444

  name                 = "ReadOnly"
  max_session_duration = 28800

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid    = "Fedbridge"
        Effect = "Allow"
        Principal = {
          Federated = aws_iam_openid_connect_provider.bridge_example_com_aws_222233334444.arn
        }
        Action = "sts:AssumeRoleWithWebIdentity"
        Condition = {
          StringEquals = {
            "bridge.example.com/aws:aud" = "fedbridge:222233334444"
          }
          StringLike = {
            "bridge.example.com/aws:sub" = "ReadOnly/*"
          }
        }
      },
      {
        Sid    = "FedbridgeTags"
        Effect = "Allow"
        Principal = {
          Federated = aws_iam_openid_connect_provider.bridge_example_com_aws_222233334444.arn
        }
        Action = "sts:TagSession"
        Condition = {
          StringEquals = {
            "bridge.example.com/aws:aud" = "fedbridge:222233334444"
          }
          StringLike = {
            "bridge.example.com/aws:sub" = "ReadOnly/*"
          }
          "ForAllValues:StringEquals" = {
            "aws:TagKeys" = "Team"
          }
          Null = {
            "aws:TagKeys"           = "false"
            "sts:TransitiveTagKeys" = "true"
          }
        }
      },
    ]
  })
}

resource "aws_iam_role_policy_attachment" "readonly_222233334444" {
  provider = aws.a222233334444

  for_each   = toset(lookup(var.permissions, "222233334444/ReadOnly", []))
  role       = aws_iam_role.readonly_222233334444.name
  policy_arn = each.value
}

resource "aws_iam_role" "vendor_222233334444" {
  provider = aws.a222233334444

  name                 = "Vendor"
  max_session_duration = 28800

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
        Condition = {
          StringEquals = {
            "sts:ExternalId" = "customer-222233334444"
          }
        }
      },
    ]
  })
}

resource "aws_iam_role_policy_attachment" "vendor_222233334444" {
  provider = aws.a222233334444

  for_each   = toset(lookup(var.permissions, "222233334444/Vendor", []))
  role       = aws_iam_role.vendor_222233334444.name
  policy_arn = each.value
}

# Account 333344445555 account-3333

provider "aws" {
  alias               = "a333344445555"
  allowed_account_ids = ["333344445555"]
  profile             = lookup(var.profiles, "333344445555", null)
}

# If the account has it already:
#   terraform import aws_iam_openid_connect_provider.bridge_example_com_aws_333344445555 arn:aws:iam::333344445555:oidc-provider/bridge.example.com/aws
resource "aws_iam_openid_connect_provider" "bridge_example_com_aws_333344445555" {
  provider = aws.a333344445555

  url            = "https://bridge.example.com/aws"
  client_id_list = ["fedbridge:333344445555"]
}

# If the account has it already:
#   terraform import aws_iam_saml_provider.fedbridge_333344445555 arn:aws:iam::333344445555:saml-provider/fedbridge
resource "aws_iam_saml_provider" "fedbridge_333344445555" {
  provider = aws.a333344445555

  name = "fedbridge"

  saml_metadata_document = <<METADATA
<?xml version="1.0" encoding="UTF-8"?>
<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="https://bridge.example.com/aws/saml/metadata">
  <IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">
    <!-- "quotes", $${braces}, %%{percent} and back\slashes stay what they are -->
    <SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="https://bridge.example.com/"/>
  </IDPSSODescriptor>
</EntityDescriptor>
METADATA
}

resource "aws_iam_role" "readonly_333344445555" {
  provider = aws.a333344445555

  name                 = "ReadOnly"
  max_session_duration = 28800

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid    = "Fedbridge"
        Effect = "Allow"
        Principal = {
          Federated = aws_iam_openid_connect_provider.bridge_example_com_aws_333344445555.arn
        }
        Action = "sts:AssumeRoleWithWebIdentity"
        Condition = {
          StringEquals = {
            "bridge.example.com/aws:aud" = "fedbridge:333344445555"
          }
          StringLike = {
            "bridge.example.com/aws:sub" = "ReadOnly/*"
          }
        }
      },
      {
        Sid    = "FedbridgeTags"
        Effect = "Allow"
        Principal = {
          Federated = aws_iam_openid_connect_provider.bridge_example_com_aws_333344445555.arn
        }
        Action = "sts:TagSession"
        Condition = {
          StringEquals = {
            "bridge.example.com/aws:aud" = "fedbridge:333344445555"
          }
          StringLike = {
            "bridge.example.com/aws:sub" = "ReadOnly/*"
          }
          "ForAllValues:StringEquals" = {
            "aws:TagKeys" = "Team"
          }
          Null = {
            "aws:TagKeys"           = "false"
            "sts:TransitiveTagKeys" = "true"
          }
        }
      },
    ]
  })
}

resource "aws_iam_role_policy_attachment" "readonly_333344445555" {
  provider = aws.a333344445555

  for_each   = toset(lookup(var.permissions, "333344445555/ReadOnly", []))
  role       = aws_iam_role.readonly_333344445555.name
  policy_arn = each.value
}

resource "aws_iam_role" "vendor_333344445555" {
  provider = aws.a333344445555

  name                 = "Vendor"
  max_session_duration = 28800

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
        Condition = {
          StringEquals = {
            "sts:ExternalId" = "customer-333344445555"
          }
        }
      },
    ]
  })
}

resource "aws_iam_role_policy_attachment" "vendor_333344445555" {
  provider = aws.a333344445555

  for_each   = toset(lookup(var.permissions, "333344445555/Vendor", []))
  role       = aws_iam_role.vendor_333344445555.name
  policy_arn = each.value
}

resource "aws_iam_role" "admin_333344445555" {
  provider = aws.a333344445555

  name                 = "Admin"
  path                 = "/team/"
  max_session_duration = 3600

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid    = "FedbridgeSAML"
        Effect = "Allow"
        Principal = {
          Federated = aws_iam_saml_provider.fedbridge_333344445555.arn
        }
        Action = "sts:AssumeRoleWithSAML"
        Condition = {
          StringEquals = {
            "SAML:aud" = "https://signin.aws.amazon.com/saml"
          }
        }
      },
    ]
  })
}

resource "aws_iam_role_policy_attachment" "admin_333344445555" {
  provider = aws.a333344445555

  for_each   = toset(lookup(var.permissions, "333344445555/Admin", []))
  role       = aws_iam_role.admin_333344445555.name
  policy_arn = each.value
}

# Account 444455556666 account-4444

provider "aws" {
  alias               = "a444455556666"
  allowed_account_ids = ["444455556666"]
  profile             = lookup(var.profiles, "444455556666", null)
}

# If the account has it already:
#   terraform import aws_iam_openid_connect_provider.bridge_example_com_aws_444455556666 arn:aws:iam::444455556666:oidc-provider/bridge.example.com/aws
resource "aws_iam_openid_connect_provider" "bridge_example_com_aws_444455556666" {
  provider = aws.a444455556666

  url            = "https://bridge.example.com/aws"
  client_id_list = ["fedbridge:444455556666"]
}

resource "aws_iam_role" "readonly_444455556666" {
  provider = aws.a444455556666

  name                 = "ReadOnly"
  max_session_duration = 28800

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid    = "Fedbridge"
        Effect = "Allow"
        Principal = {
          Federated = aws_iam_openid_connect_provider.bridge_example_com_aws_444455556666.arn
        }
        Action = "sts:AssumeRoleWithWebIdentity"
        Condition = {
          StringEquals = {
            "bridge.example.com/aws:aud" = "fedbridge:444455556666"
          }
          StringLike = {
            "bridge.example.com/aws:sub" = "ReadOnly/*"
          }
        }
      },
      {
        Sid    = "FedbridgeTags"
        Effect = "Allow"
        Principal = {
          Federated = aws_iam_openid_connect_provider.bridge_example_com_aws_444455556666.arn
        }
        Action = "sts:TagSession"
        Condition = {
          StringEquals = {
            "bridge.example.com/aws:aud" = "fedbridge:444455556666"
          }
          StringLike = {
            "bridge.example.com/aws:sub" = "ReadOnly/*"
          }
          "ForAllValues:StringEquals" = {
            "aws:TagKeys" = "Team"
          }
          Null = {
            "aws:TagKeys"           = "false"
            "sts:TransitiveTagKeys" = "true"
          }
        }
      },
    ]
  })
}

resource "aws_iam_role_policy_attachment" "readonly_444455556666" {
  provider = aws.a444455556666

  for_each   = toset(lookup(var.permissions, "444455556666/ReadOnly", []))
  role       = aws_iam_role.readonly_444455556666.name
  policy_arn = each.value
}

resource "aws_iam_role" "vendor_444455556666" {
  provider = aws.a444455556666

  name                 = "Vendor"
  max_session_duration = 28800

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
        Condition = {
          StringEquals = {
            "sts:ExternalId" = "customer-444455556666"
          }
        }
      },
    ]
  })
}

resource "aws_iam_role_policy_attachment" "vendor_444455556666" {
  provider = aws.a444455556666

  for_each   = toset(lookup(var.permissions, "444455556666/Vendor", []))
  role       = aws_iam_role.vendor_444455556666.name
  policy_arn = each.value
}

resource "aws_iam_role" "read_only_444455556666" {
  provider = aws.a444455556666

  name                 = "read-only"
  max_session_duration = 28800

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid    = "FedbridgeCaller"
        Effect = "Allow"
        Principal = {
          AWS = "arn:aws:iam::444455556666:role/svc/fedbridge"
        }
        Action = "sts:AssumeRole"
      },
    ]
  })
}

resource "aws_iam_role_policy_attachment" "read_only_444455556666" {
  provider = aws.a444455556666

  for_each   = toset(lookup(var.permissions, "444455556666/read-only", []))
  role       = aws_iam_role.read_only_444455556666.name
  policy_arn = each.value
}

# Account 555566667777 account-5555

provider "aws" {
  alias               = "a555566667777"
  allowed_account_ids = ["555566667777"]
  profile             = lookup(var.profiles, "555566667777", null)
}

# If the account has it already:
#   terraform import aws_iam_openid_connect_provider.bridge_example_com_aws_555566667777 arn:aws:iam::555566667777:oidc-provider/bridge.example.com/aws
resource "aws_iam_openid_connect_provider" "bridge_example_com_aws_555566667777" {
  provider = aws.a555566667777

  url            = "https://bridge.example.com/aws"
  client_id_list = ["fedbridge:555566667777"]
}

# If the account has it already:
#   terraform import aws_iam_saml_provider.fedbridge_555566667777 arn:aws:iam::555566667777:saml-provider/fedbridge
resource "aws_iam_saml_provider" "fedbridge_555566667777" {
  provider = aws.a555566667777

  name = "fedbridge"

  saml_metadata_document = <<METADATA
<?xml version="1.0" encoding="UTF-8"?>
<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" entityID="https://bridge.example.com/aws/saml/metadata">
  <IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">
    <!-- "quotes", $${braces}, %%{percent} and back\slashes stay what they are -->
    <SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="https://bridge.example.com/"/>
  </IDPSSODescriptor>
</EntityDescriptor>
METADATA
}

resource "aws_iam_role" "readonly_555566667777" {
  provider = aws.a555566667777

  name                 = "ReadOnly"
  max_session_duration = 28800

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid    = "Fedbridge"
        Effect = "Allow"
        Principal = {
          Federated = aws_iam_openid_connect_provider.bridge_example_com_aws_555566667777.arn
        }
        Action = "sts:AssumeRoleWithWebIdentity"
        Condition = {
          StringEquals = {
            "bridge.example.com/aws:aud" = "fedbridge:555566667777"
          }
          StringLike = {
            "bridge.example.com/aws:sub" = "ReadOnly/*"
          }
        }
      },
      {
        Sid    = "FedbridgeTags"
        Effect = "Allow"
        Principal = {
          Federated = aws_iam_openid_connect_provider.bridge_example_com_aws_555566667777.arn
        }
        Action = "sts:TagSession"
        Condition = {
          StringEquals = {
            "bridge.example.com/aws:aud" = "fedbridge:555566667777"
          }
          StringLike = {
            "bridge.example.com/aws:sub" = "ReadOnly/*"
          }
          "ForAllValues:StringEquals" = {
            "aws:TagKeys" = "Team"
          }
          Null = {
            "aws:TagKeys"           = "false"
            "sts:TransitiveTagKeys" = "true"
          }
        }
      },
    ]
  })
}

resource "aws_iam_role_policy_attachment" "readonly_555566667777" {
  provider = aws.a555566667777

  for_each   = toset(lookup(var.permissions, "555566667777/ReadOnly", []))
  role       = aws_iam_role.readonly_555566667777.name
  policy_arn = each.value
}

resource "aws_iam_role" "vendor_555566667777" {
  provider = aws.a555566667777

  name                 = "Vendor"
  max_session_duration = 28800

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
        Condition = {
          StringEquals = {
            "sts:ExternalId" = "customer-555566667777"
          }
        }
      },
    ]
  })
}

resource "aws_iam_role_policy_attachment" "vendor_555566667777" {
  provider = aws.a555566667777

  for_each   = toset(lookup(var.permissions, "555566667777/Vendor", []))
  role       = aws_iam_role.vendor_555566667777.name
  policy_arn = each.value
}

resource "aws_iam_role" "admin_555566667777" {
  provider = aws.a555566667777

  name                 = "Admin"
  path                 = "/team/"
  max_session_duration = 3600

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid    = "FedbridgeSAML"
        Effect = "Allow"
        Principal = {
          Federated = aws_iam_saml_provider.fedbridge_555566667777.arn
        }
        Action = "sts:AssumeRoleWithSAML"
        Condition = {
          StringEquals = {
            "SAML:aud" = "https://signin.aws.amazon.com/saml"
          }
        }
      },
    ]
  })
}

resource "aws_iam_role_policy_attachment" "admin_555566667777" {
  provider = aws.a555566667777

  for_each   = toset(lookup(var.permissions, "555566667777/Admin", []))
  role       = aws_iam_role.admin_555566667777.name
  policy_arn = each.value
}

# Account 666677778888 account-6666

provider "aws" {
  alias               = "a666677778888"
  allowed_account_ids = ["666677778888"]
  profile             = lookup(var.profiles, "666677778888", null)
}

# If the account has it already:
#   terraform import aws_iam_openid_connect_provider.bridge_example_com_aws_666677778888 arn:aws:iam::666677778888:oidc-provider/bridge.example.com/aws
resource "aws_iam_openid_connect_provider" "bridge_example_com_aws_666677778888" {
  provider = aws.a666677778888

  url            = "https://bridge.example.com/aws"
  client_id_list = ["fedbridge:666677778888"]
}

resource "aws_iam_role" "readonly_666677778888" {
  provider = aws.a666677778888

  name                 = "ReadOnly"
  max_session_duration = 28800

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid    = "Fedbridge"
        Effect = "Allow"
        Principal = {
          Federated = aws_iam_openid_connect_provider.bridge_example_com_aws_666677778888.arn
        }
        Action = "sts:AssumeRoleWithWebIdentity"
        Condition = {
          StringEquals = {
            "bridge.example.com/aws:aud" = "fedbridge:666677778888"
          }
          StringLike = {
            "bridge.example.com/aws:sub" = "ReadOnly/*"
          }
        }
      },
      {
        Sid    = "FedbridgeTags"
        Effect = "Allow"
        Principal = {
          Federated = aws_iam_openid_connect_provider.bridge_example_com_aws_666677778888.arn
        }
        Action = "sts:TagSession"
        Condition = {
          StringEquals = {
            "bridge.example.com/aws:aud" = "fedbridge:666677778888"
          }
          StringLike = {
            "bridge.example.com/aws:sub" = "ReadOnly/*"
          }
          "ForAllValues:StringEquals" = {
            "aws:TagKeys" = "Team"
          }
          Null = {
            "aws:TagKeys"           = "false"
            "sts:TransitiveTagKeys" = "true"
          }
        }
      },
    ]
  })
}

resource "aws_iam_role_policy_attachment" "readonly_666677778888" {
  provider = aws.a666677778888

  for_each   = toset(lookup(var.permissions, "666677778888/ReadOnly", []))
  role       = aws_iam_role.readonly_666677778888.name
  policy_arn = each.value
}

resource "aws_iam_role" "vendor_666677778888" {
  provider = aws.a666677778888

  name                 = "Vendor"
  max_session_duration = 28800

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
        Condition = {
          StringEquals = {
            "sts:ExternalId" = "customer-666677778888"
          }
        }
      },
    ]
  })
}

resource "aws_iam_role_policy_attachment" "vendor_666677778888" {
  provider = aws.a666677778888

  for_each   = toset(lookup(var.permissions, "666677778888/Vendor", []))
  role       = aws_iam_role.vendor_666677778888.name
  policy_arn = each.value
}
