package trust

import (
	"fmt"
	"strings"
)

// Terraform prints HCL for the aws provider. For one account it uses the configured provider; for several, one alias an
// account.
func (p *Plan) Terraform() string {
	t := &terraform{names: map[string]string{}, several: len(p.Accounts) > 1}
	t.comment(append(p.header("terraform"),
		"Apply it with credentials that may write IAM roles and identity providers:", "$ terraform init && terraform apply",
		"What a role may do is not here: give the ARNs of its policies in `permissions`, or attach them elsewhere.")...)
	t.line("")
	t.block("terraform {", func() {
		t.block("required_providers {", func() {
			t.block("aws = {", func() {
				t.line(`source  = "hashicorp/aws"`)
				t.line(`version = ">= 5.81"`)
			})
		})
	})
	t.variables(p)
	for _, a := range p.Accounts {
		t.account(a)
	}
	return t.b.String()
}

// header says by what the output was made; the rest is the format's own.
func (p *Plan) header(format string) []string {
	command := p.options.Command
	if command == "" {
		command = "fedbridge trust " + format
	}
	return []string{"Made by `" + command + "`: the IAM roles that fedbridge hands out, and the identity providers that vouch for it. " +
		"Make it anew rather than change it, so that it and the configuration don't drift apart; `fedbridge trust check` tells whether they did."}
}

// terraform writes HCL in the form that `terraform fmt` gives it.
type terraform struct {
	b       strings.Builder
	indent  string
	names   map[string]string // of resources, by ARN
	several bool
}

func (t *terraform) line(s string) {
	if s != "" {
		s = t.indent + s
	}
	t.b.WriteString(s + "\n")
}

func (t *terraform) comment(paragraphs ...string) {
	t.b.WriteString(comment(t.indent+"# ", paragraphs...))
}

// block writes an opening line, what is in it, and the closing brace.
func (t *terraform) block(open string, body func()) {
	t.line(open)
	t.indent += "  "
	body()
	t.indent = strings.TrimSuffix(t.indent, "  ")
	t.line("}")
}

func (t *terraform) variables(p *Plan) {
	t.line("")
	t.block(`variable "permissions" {`, func() {
		t.line(`description = "ARNs of the managed policies that a role gets, by ACCOUNT/ROLE."`)
		t.line(`type        = map(list(string))`)
		t.line(`default     = {}`)
	})
	if t.several {
		t.line("")
		t.block(`variable "profiles" {`, func() {
			t.line(`description = "AWS CLI profile to reach each account with, by account id; the default credentials where none is given."`)
			t.line(`type        = map(string)`)
			t.line(`default     = {}`)
		})
	}
	for _, a := range p.Accounts {
		for _, s := range a.SAML {
			if len(s.Metadata) == 0 {
				t.line("")
				t.block("variable "+hclQuote(metadataVariable(a, s))+" {", func() {
					t.line("description = " + hclQuote("File with the SAML metadata of "+s.EntityID+"."))
					t.line("type        = string")
				})
			}
		}
	}
}

func (t *terraform) account(a AccountPlan) {
	t.line("")
	t.comment(strings.TrimSpace(fmt.Sprintf("Account %s %s", a.Account.ID, a.Account.Name)))
	if t.several {
		t.line("")
		t.block(`provider "aws" {`, func() {
			t.line(`alias               = "a` + a.Account.ID + `"`)
			t.line(`allowed_account_ids = ["` + a.Account.ID + `"]`)
			t.line(`profile             = lookup(var.profiles, "` + a.Account.ID + `", null)`)
		})
	}
	for _, p := range a.OIDC {
		t.oidc(a, p)
	}
	for _, p := range a.SAML {
		t.saml(a, p)
	}
	for _, r := range a.Roles {
		t.role(a, r)
	}
}

func (t *terraform) oidc(a AccountPlan, p OIDCPlan) {
	t.line("")
	if p.Relayed {
		t.comment(sharing)
	}
	t.comment("If the account has it already:", "$ terraform import "+t.address("aws_iam_openid_connect_provider", p.ARN, p.URL, a)+" "+p.ARN)
	t.resource("aws_iam_openid_connect_provider", p.ARN, p.URL, a, func() {
		t.line("url            = " + hclQuote(p.URL))
		t.line("client_id_list = " + hclList(p.ClientIDs))
	})
}

func (t *terraform) saml(a AccountPlan, p SAMLPlan) {
	t.line("")
	if p.Relayed {
		t.comment(sharing)
	}
	t.comment("If the account has it already:", "$ terraform import "+t.address("aws_iam_saml_provider", p.ARN, p.Name, a)+" "+p.ARN)
	if p.Encrypted {
		t.comment("fedbridge encrypts what it sends here. The aws provider can't hand the private key over, so afterwards:", "$ "+encryptCommand(p.ARN))
	}
	t.resource("aws_iam_saml_provider", p.ARN, p.Name, a, func() {
		if len(p.Metadata) == 0 {
			t.line("name                   = " + hclQuote(p.Name))
			t.line("saml_metadata_document = file(var." + metadataVariable(a, p) + ")")
			return
		}
		t.line("name = " + hclQuote(p.Name))
		t.line("")
		end := heredocEnd(string(p.Metadata))
		t.line("saml_metadata_document = <<" + end)
		t.b.WriteString(hclEscape(strings.TrimSuffix(string(p.Metadata), "\n")) + "\n" + end + "\n")
	})
}

func (t *terraform) role(a AccountPlan, r RolePlan) {
	t.line("")
	t.comment(r.Notes...)
	if !r.fits() {
		t.comment("So " + r.ARN.String() + " is left out here; `fedbridge trust policy` prints the parts.")
		return
	}
	arn := r.ARN.String()
	t.resource("aws_iam_role", arn, r.ARN.Name, a, func() {
		t.line("name                 = " + hclQuote(r.ARN.Name))
		if r.ARN.Path != "/" {
			t.line("path                 = " + hclQuote(r.ARN.Path))
		}
		t.line(fmt.Sprintf("max_session_duration = %d", int(r.MaxSession.Seconds())))
		t.line("")
		t.b.WriteString(t.indent + "assume_role_policy = jsonencode(" + t.value(r.policy, a, "\n"+t.indent) + ")\n")
	})
	t.line("")
	t.resource("aws_iam_role_policy_attachment", arn, r.ARN.Name, a, func() {
		t.line("for_each   = toset(lookup(var.permissions, " + hclQuote(a.Account.ID+"/"+r.ARN.Name) + ", []))")
		t.line("role       = aws_iam_role." + t.label("aws_iam_role", arn, r.ARN.Name, a) + ".name")
		t.line("policy_arn = each.value")
	})
}
