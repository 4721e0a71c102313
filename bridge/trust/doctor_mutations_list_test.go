package trust_test

import (
	"slices"
	"strings"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/bridge/trust"
)

func isIssuer(n trust.Need) bool { return n.Via == bridge.ViaIssuer }

var mutations = slices.Concat(widened, refused, surplus)

// widened let strangers in.
var widened = []mutation{
	{"no audience", trust.CodeNoAudience, func(n trust.Need, p spoiled) bool {
		return len(n.Recipient) == 0 && dropped(":aud")(n, p)
	}},
	{"no recipient", trust.CodeNoRecipient, func(n trust.Need, p spoiled) bool {
		return len(n.Recipient) > 0 && dropped(":aud")(n, p)
	}},
	{"no condition", trust.CodeNoAudience, func(n trust.Need, p spoiled) bool {
		return len(n.Recipient) == 0 && len(n.Issuer) > 0 && mainStatement(func(_ trust.Need, s object) bool {
			delete(s, "Condition")
			return true
		})(n, p)
	}},
	{"any audience of ours", trust.CodeAudienceWide, func(n trust.Need, p spoiled) bool {
		return isIssuer(n) && len(n.Recipient) == 0 && replaced(":aud", "StringLike", constant("fedbridge:*"))(n, p)
	}},
	{"audience with a question mark", trust.CodeAudienceWide, func(n trust.Need, p spoiled) bool {
		return isIssuer(n) && len(n.Recipient) == 0 && replaced(":aud", "StringLike", constant("fedbridge:11112222333?"))(n, p)
	}},
	{"any audience but one", trust.CodeAudienceWide, func(n trust.Need, p spoiled) bool {
		return len(n.Recipient) == 0 && replaced(":aud", "StringNotEquals", constant("somebody"))(n, p)
	}},
	{"any recipient", trust.CodeRecipientWide, func(n trust.Need, p spoiled) bool {
		return len(n.Recipient) > 0 && replaced(":aud", "StringLike", constant("https://*"))(n, p)
	}},
	{"recipient without an end", trust.CodeRecipientWide, func(n trust.Need, p spoiled) bool {
		return isIssuer(n) && n.Role.ARN.Partition == "aws" && len(n.Recipient) == 1 &&
			replaced(":aud", "StringLike", constant("https://signin.aws.amazon.com*"))(n, p)
	}},
	{"no subject", trust.CodeNoSubject, dropped(":sub")},
	{"any subject", trust.CodeSubjectWide, replaced(":sub", "StringLike", constant("*"))},
	{"subject with a leading wildcard", trust.CodeSubjectWide, func(n trust.Need, p spoiled) bool {
		return isIssuer(n) && replaced(":sub", "StringLike", constant("*Only/*"))(n, p)
	}},
	{"subject without a slash", trust.CodeSubjectWide, func(n trust.Need, p spoiled) bool {
		return isIssuer(n) && replaced(":sub", "StringLike", constant("ReadOnly*"))(n, p)
	}},
	{"subject with a question mark", trust.CodeSubjectWide, func(n trust.Need, p spoiled) bool {
		return isIssuer(n) && replaced(":sub", "StringLike", constant("Read?nly/*"))(n, p)
	}},
	{"subject with a star in the name", trust.CodeSubjectWide, func(n trust.Need, p spoiled) bool {
		return isIssuer(n) && replaced(":sub", "StringLike", constant("ReadOn*ly/*"))(n, p)
	}},
	{"no external ID", trust.CodeNoExternalID, dropped("sts:externalid")},
	{"any external ID", trust.CodeExternalIDWide, replaced("sts:externalid", "StringLike", constant("*"))},
	{"external ID with a wildcard", trust.CodeExternalIDWide, replaced("sts:externalid", "StringLike", constant("6b0f3f2a-*"))},
	{"external ID if there is one", trust.CodeExternalIDWide, replaced("sts:externalid", "StringEqualsIfExists", constant(externalID))},
	{"external ID for all values", trust.CodeExternalIDWide, replaced("sts:externalid", "ForAllValues:StringEquals", constant(externalID))},
	{"everybody", trust.CodeAnyone, principals(func(trust.Need) any { return "*" })},
	{"every AWS principal", trust.CodeAnyone, principals(func(trust.Need) any { return object{"AWS": "*"} })},
	{"every AWS principal besides", trust.CodeAnyone, func(n trust.Need, p spoiled) bool {
		for _, s := range p.statements() {
			s["Principal"].(object)["AWS"] = []any{"*"}
		}
		return n.Via != bridge.ViaAssumeRole
	}},
	{"everybody else", trust.CodeAnyone, func(_ trust.Need, p spoiled) bool {
		for _, s := range p.statements() {
			delete(s, "Principal")
			s["NotPrincipal"] = object{"AWS": "444455556666"}
		}
		return true
	}},
	{"a pattern of principals", trust.CodePrincipalPattern, principals(func(n trust.Need) any {
		if n.Via == bridge.ViaAssumeRole {
			return object{"AWS": "arn:" + n.Role.ARN.Partition + ":iam::*:role/svc/fedbridge"}
		}
		return object{"Federated": "*"}
	})},
	{"the whole account", trust.CodeWholeAccount, principals(func(n trust.Need) any {
		if n.Via != bridge.ViaAssumeRole {
			return nil
		}
		return object{"AWS": loopHome}
	})},
	{"somebody else besides", trust.CodeOtherPrincipal, func(_ trust.Need, p spoiled) bool {
		p.add(object{"Effect": "Allow", "Principal": object{"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"})
		return true
	}},
}

// refused keep us out, or may.
var refused = []mutation{
	{"another audience", trust.CodeRefusedAudience, func(n trust.Need, p spoiled) bool {
		return len(n.Recipient) == 0 && replaced(":aud", "StringEquals", constant("sts.amazonaws.com"))(n, p)
	}},
	{"another recipient", trust.CodeRefusedRecipient, func(n trust.Need, p spoiled) bool {
		return len(n.Recipient) > 0 && replaced(":aud", "StringEquals", constant("https://elsewhere.example/saml"))(n, p)
	}},
	{"the audience excluded", trust.CodeRefusedAudience, func(n trust.Need, p spoiled) bool {
		return isIssuer(n) && len(n.Recipient) == 0 && replaced(":aud", "StringNotEquals", func(n trust.Need) any { return n.Role.Audience })(n, p)
	}},
	{"another role's subject", trust.CodeRefusedSubject, replaced(":sub", "StringLike", constant("Admin/*"))},
	{"another external ID", trust.CodeRefusedExternalID, replaced("sts:externalid", "StringEquals", constant("another-customer"))},
	{"a provider of another account", trust.CodeRefusedPrincipal, principals(func(n trust.Need) any {
		switch {
		case n.Via == bridge.ViaAssumeRole:
			return object{"AWS": "arn:" + n.Role.ARN.Partition + ":iam::444455556666:role/svc/fedbridge"}
		case n.Issuer == googleURL:
			return object{"Federated": "www.amazon.com"}
		}
		return object{"Federated": strings.Replace(n.ProviderARN(), loopShop, "444455556666", 1)}
	})},
	{"another action", trust.CodeRefusedAction, mainStatement(func(n trust.Need, s object) bool {
		s["Action"] = "sts:AssumeRoleWithSAML"
		if len(n.Recipient) > 0 {
			s["Action"] = "sts:AssumeRole"
		}
		return true
	})},
	{"a Deny for everybody", trust.CodeRefusedDeny, func(_ trust.Need, p spoiled) bool {
		p.add(object{"Sid": "Guard", "Effect": "Deny", "Principal": "*", "Action": "sts:*"})
		return true
	}},
	{"a Deny of tags", trust.CodeRefusedDeny, func(n trust.Need, p spoiled) bool {
		p.add(object{"Effect": "Deny", "Principal": object{"AWS": "*"}, "Action": "sts:TagSession"})
		return len(n.Role.TagKeys) > 0
	}},
	{"a condition that isn't met", trust.CodeRefusedCondition, demand("Bool", "aws:SecureTransport", "false")},
	{"a time that is over", trust.CodeRefusedCondition, demand("DateLessThan", "aws:CurrentTime", "2020-01-01T00:00:00Z")},
	{"a network", trust.CodeUnknown, demand("IpAddress", "aws:SourceIp", "192.0.2.0/24")},
	{"a key that nobody knows", trust.CodeUnknown, demand("StringEquals", "example:key", "x")},
	{"some people", trust.CodeDepends, demand("StringLike", "sts:RoleSessionName", "ada.*")},
	{"some people by tag", trust.CodeDepends, func(n trust.Need, p spoiled) bool {
		return slices.Contains(n.Role.TagKeys, "Team") && !slices.Contains(n.Role.OptionalTags, "Team") && demand("StringEquals", "aws:RequestTag/Team", "x")(n, p)
	}},
	{"an operator with a slip", trust.CodeOperator, demand("StringEqual", "aws:SecureTransport", "true")},
	{"an operator in the wrong case", trust.CodeOperator, demand("stringLike", "sts:RoleSessionName", "*")},
	{"an operator of another language", trust.CodeOperator, demand("MatchesRegex", "sts:RoleSessionName", ".*")},
	{"no tags", trust.CodeNoTagSession, withoutAction("sts:TagSession")},
	{"no source identity", trust.CodeNoSourceIdentity, withoutAction("sts:SetSourceIdentity")},
	{"other tags", trust.CodeTagKeys, replaced("aws:tagkeys", "ForAllValues:StringEquals", constant("SomethingElse"))},
	{"other transitive tags", trust.CodeTagKeys, replaced("sts:transitivetagkeys", "ForAllValues:StringEquals", constant("SomethingElse"))},
	{"tags under an external ID", trust.CodeNoTagSession, func(n trust.Need, p spoiled) bool {
		if n.Role.ExternalID == "" || len(n.Role.TagKeys) == 0 {
			return false
		}
		withoutAction("sts:TagSession")(n, p)
		s := p.main()[0]
		s["Action"] = []any{"sts:AssumeRole", "sts:TagSession"}
		return true
	}},
}

// surplus allow us more than we use.
var surplus = []mutation{
	{"every action", trust.CodeActionWide, mainStatement(func(_ trust.Need, s object) bool {
		s["Action"] = "sts:*"
		return true
	})},
	{"anything at all", trust.CodeActionWide, mainStatement(func(_ trust.Need, s object) bool {
		s["Action"] = "*"
		return true
	})},
	{"NotAction", trust.CodeActionWide, mainStatement(func(_ trust.Need, s object) bool {
		delete(s, "Action")
		s["NotAction"] = "sts:GetFederationToken"
		return true
	})},
	{"tags that nobody sends", trust.CodeExtraTagSession, alsoAllows("sts:TagSession")},
	{"a source identity that nobody sends", trust.CodeExtraSourceIdentity, alsoAllows("sts:SetSourceIdentity")},
	{"any tags", trust.CodeTagsAny, dropped("aws:tagkeys")},
	{"any transitive tags", trust.CodeTagsAny, dropped("sts:transitivetagkeys")},
}
