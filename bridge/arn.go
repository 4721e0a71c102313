package bridge

import (
	"fmt"
	"regexp"
	"strings"
)

// RoleARN is the ARN of an IAM role, in parts: arn:PARTITION:iam::ACCOUNT:role/PATH/NAME.
type RoleARN struct {
	Partition string // aws, aws-cn, aws-us-gov, aws-eusc, …
	Account   string // twelve digits
	Path      string // begins and ends with "/"; "/" alone for a role without a path
	Name      string // 1–64 of [A-Za-z0-9_+=,.@-]
}

var (
	accountID     = regexp.MustCompile(`^[0-9]{12}$`)
	roleName      = regexp.MustCompile(`^[A-Za-z0-9_+=,.@-]{1,64}$`)
	rolePath      = regexp.MustCompile(`^/([\x21-\x2e\x30-\x7e]+/)*$`)
	samlName      = regexp.MustCompile(`^[A-Za-z0-9_.-]{1,128}$`)
	partitionName = regexp.MustCompile(`^aws(-[a-z]+)*$`)
	regionName    = regexp.MustCompile(`^[a-z]{2,4}(-[a-z]+)+-[0-9]{1,2}$`)
)

// ValidAccountID tells whether s is exactly twelve ASCII digits.
func ValidAccountID(s string) bool { return accountID.MatchString(s) }

// ParseRoleARN reads the ARN of an IAM role. Case is kept: STS refuses a role whose case differs.
func ParseRoleARN(s string) (RoleARN, error) {
	partition, account, rest, err := splitIAM(s)
	if err != nil {
		return RoleARN{}, err
	}
	rest, ok := strings.CutPrefix(rest, "role/")
	if !ok {
		return RoleARN{}, fmt.Errorf("%q is not the ARN of a role: it lacks role/", s)
	}
	cut := strings.LastIndexByte(rest, '/') + 1
	arn := RoleARN{Partition: partition, Account: account, Path: "/" + rest[:cut], Name: rest[cut:]}
	if !roleName.MatchString(arn.Name) {
		return RoleARN{}, fmt.Errorf("%q: a role name has 1 to 64 of A-Z a-z 0-9 _ + = , . @ -", s)
	}
	if len(arn.Path) > 512 || !rolePath.MatchString(arn.Path) {
		return RoleARN{}, fmt.Errorf("%q: not a role path", s)
	}
	return arn, nil
}

// String writes the ARN.
func (a RoleARN) String() string {
	return "arn:" + a.Partition + ":iam::" + a.Account + ":role" + a.Path + a.Name
}

// AssumedRole is the ARN of a session of this role. The role's path is not part of it.
func (a RoleARN) AssumedRole(sessionName string) string {
	return "arn:" + a.Partition + ":sts::" + a.Account + ":assumed-role/" + a.Name + "/" + sessionName
}

// SAMLProviderARN is the ARN of an IAM SAML provider: arn:PARTITION:iam::ACCOUNT:saml-provider/NAME.
type SAMLProviderARN struct{ Partition, Account, Name string }

// ParseSAMLProviderARN reads the ARN of an IAM SAML provider.
func ParseSAMLProviderARN(s string) (SAMLProviderARN, error) {
	partition, account, rest, err := splitIAM(s)
	if err != nil {
		return SAMLProviderARN{}, err
	}
	name, ok := strings.CutPrefix(rest, "saml-provider/")
	if !ok || !samlName.MatchString(name) {
		return SAMLProviderARN{}, fmt.Errorf("%q is not the ARN of an IAM SAML provider", s)
	}
	return SAMLProviderARN{partition, account, name}, nil
}

// String writes the ARN.
func (a SAMLProviderARN) String() string {
	return "arn:" + a.Partition + ":iam::" + a.Account + ":saml-provider/" + a.Name
}

// RolePair is one value of the SAML attribute Role: a role and the IAM SAML provider that vouches for it.
type RolePair struct {
	Role     RoleARN
	Provider SAMLProviderARN
}

// ParseRolePair reads one value of the attribute https://aws.amazon.com/SAML/Attributes/Role, in either order, with
// blanks around the parts. Both ARNs must be of one account.
func ParseRolePair(s string) (RolePair, error) {
	// A role name may hold a comma, so the border is a comma that an ARN follows. A few are tried: a real pair has one,
	// and a hostile value must not cost more than its length.
	tries := 0
	for at := range len(s) {
		if s[at] != ',' {
			continue
		}
		if !strings.HasPrefix(strings.TrimLeft(s[at+1:], " \t\r\n"), "arn:") {
			continue
		}
		if tries++; tries > 4 {
			break
		}
		first, second := strings.Trim(s[:at], " \t\r\n"), strings.Trim(s[at+1:], " \t\r\n")
		if pair, ok := rolePair(first, second); ok {
			return pair, nil
		}
		if pair, ok := rolePair(second, first); ok {
			return pair, nil
		}
	}
	return RolePair{}, fmt.Errorf("%q is not a pair of role and SAML provider of one account", s)
}

func rolePair(role, provider string) (RolePair, bool) {
	r, err := ParseRoleARN(role)
	if err != nil {
		return RolePair{}, false
	}
	p, err := ParseSAMLProviderARN(provider)
	if err != nil {
		return RolePair{}, false
	}
	return RolePair{r, p}, r.Account == p.Account && r.Partition == p.Partition
}

func splitIAM(s string) (partition, account, rest string, err error) {
	part := strings.SplitN(s, ":", 6)
	if len(part) != 6 || part[0] != "arn" || part[2] != "iam" || part[3] != "" {
		return "", "", "", fmt.Errorf("%q is not an IAM ARN (arn:aws:iam::123456789012:…)", s)
	}
	if !partitionName.MatchString(part[1]) {
		return "", "", "", fmt.Errorf("%q: %q is not a partition", s, part[1])
	}
	if !accountID.MatchString(part[4]) {
		return "", "", "", fmt.Errorf("%q: an account id has exactly twelve digits", s)
	}
	return part[1], part[4], part[5], nil
}
