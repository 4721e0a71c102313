package trust_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/bridge/trust"
)

// TestCloudFormation deploys the template as CloudFormation would: it makes what the plan says, and no more.
func TestCloudFormation(t *testing.T) {
	for _, c := range loopCases() {
		t.Run(c.name, func(t *testing.T) {
			plan, err := trust.Generate([]trust.Need{c.need}, c.options)
			if err != nil {
				t.Fatal(err)
			}
			text, err := plan.CloudFormation(loopShop)
			if err != nil {
				t.Fatal(err)
			}
			got := deploy(t, text, plan.Accounts[0], map[string]any{"RelayedProviders": "create"})
			sameAccounts(t, []trust.AccountPlan{got}, plan.Accounts, true)
			checkAccount(t, c, got)
		})
	}
}

// TestStackSet deploys one template into every account of an organisation.
func TestStackSet(t *testing.T) {
	plan := organisation(t)
	text, err := plan.StackSet()
	if err != nil {
		t.Fatal(err)
	}
	var got []trust.AccountPlan
	for _, a := range plan.Accounts {
		got = append(got, deploy(t, text, a, nil))
	}
	sameAccounts(t, got, plan.Accounts, true)

	// An account that nobody has listed gets what all others have, for itself.
	other := plan.Accounts[0]
	other.Account = bridge.Account{ID: "777788889999"}
	account := deploy(t, text, other, nil)
	if len(account.Roles) != 1 || account.Roles[0].ARN.Name != "ReadOnly" {
		t.Errorf("a new account gets %v", summary(t, account, true))
	}
	if p := account.Roles[0].Policy; strings.Contains(p, other.Account.ID) != true || strings.Contains(p, plan.Accounts[0].Account.ID) {
		t.Errorf("a new account's role trusts another account: %s", p)
	}
}

// TestExistingProviders: where the accounts have the providers already, the template makes roles alone.
func TestExistingProviders(t *testing.T) {
	plan := organisation(t)
	text, err := plan.StackSet()
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range plan.Accounts {
		got := deploy(t, text, a, map[string]any{"Providers": "existing"})
		a.OIDC, a.SAML = nil, nil
		sameAccounts(t, []trust.AccountPlan{got}, []trust.AccountPlan{a}, true)
	}
}

// stack is a template on its way to be deployed.
type stack struct {
	t          *testing.T
	parameters map[string]any
	conditions object
	account    trust.AccountPlan
}

// deploy evaluates a template's intrinsic functions in an account (AWS CloudFormation User Guide, "Intrinsic function
// reference") and gives what it makes.
func deploy(t *testing.T, text string, in trust.AccountPlan, given map[string]any) trust.AccountPlan {
	t.Helper()
	var raw any
	if err := yaml.Unmarshal([]byte(text), &raw); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	document := normal(raw).(object)
	s := &stack{t: t, parameters: map[string]any{}, conditions: section(document, "Conditions"), account: in}
	for name, p := range section(document, "Parameters") {
		parameter := p.(object)
		fallback := parameter["Default"]
		if given[name] != nil {
			fallback = given[name]
		}
		if parameter["Type"] == "CommaDelimitedList" {
			fallback = []any{fallback}
		}
		s.parameters[name] = fallback
	}
	out := trust.AccountPlan{Account: in.Account, Partition: in.Partition}
	resources := section(document, "Resources")
	for id, r := range resources {
		resource := r.(object)
		for _, other := range list(resource["DependsOn"]) {
			if resources[other] == nil {
				t.Errorf("%s depends on %s, which isn't there", id, other)
			}
		}
		if c, ok := resource["Condition"]; ok && !s.holds(c.(string)) {
			continue
		}
		s.make(&out, resource["Type"].(string), s.value(resource["Properties"]).(object))
	}
	slices.SortFunc(out.Roles, func(a, b trust.RolePlan) int { return strings.Compare(a.ARN.String(), b.ARN.String()) })
	return out
}

// normal has maps with texts for keys alone. A key that YAML reads as anything else is a mistake.
func normal(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := object{}
		for key, value := range v {
			out[key] = normal(value)
		}
		return out
	case []any:
		for i := range v {
			v[i] = normal(v[i])
		}
	case map[any]any:
		panic(fmt.Sprintf("a key that is no text: %v", v))
	}
	return v
}

func section(document object, name string) object {
	s, _ := document[name].(object)
	return s
}

func (s *stack) make(out *trust.AccountPlan, kind string, p object) {
	s.t.Helper()
	arn := "arn:" + out.Partition + ":iam::" + out.Account.ID + ":"
	switch kind {
	case "AWS::IAM::OIDCProvider":
		url := p["Url"].(string)
		out.OIDC = append(out.OIDC, trust.OIDCPlan{ARN: arn + "oidc-provider/" + strings.TrimPrefix(url, "https://"), URL: url, ClientIDs: list(p["ClientIdList"])})
	case "AWS::IAM::SAMLProvider":
		provider := trust.SAMLPlan{Name: p["Name"].(string), Metadata: []byte(p["SamlMetadataDocument"].(string)), Encrypted: p["AssertionEncryptionMode"] == "Required"}
		if provider.Encrypted && p["AddPrivateKey"] == nil {
			s.t.Error("encryption without a key")
		}
		provider.ARN = arn + "saml-provider/" + provider.Name
		out.SAML = append(out.SAML, provider)
	case "AWS::IAM::Role":
		path, _ := p["Path"].(string)
		if path == "" {
			path = "/"
		}
		if p["ManagedPolicyArns"] != nil {
			s.t.Errorf("permissions that nobody gave: %v", p["ManagedPolicyArns"])
		}
		policy, _ := json.Marshal(p["AssumeRolePolicyDocument"])
		out.Roles = append(out.Roles, trust.RolePlan{
			ARN:    bridge.RoleARN{Partition: out.Partition, Account: out.Account.ID, Path: path, Name: p["RoleName"].(string)},
			Policy: string(policy), MaxSession: time.Duration(p["MaxSessionDuration"].(uint64)) * time.Second,
		})
	default:
		s.t.Errorf("a resource %s", kind)
	}
}

// value evaluates whatever is in a property; nil for AWS::NoValue.
func (s *stack) value(v any) any {
	s.t.Helper()
	switch v := v.(type) {
	case []any:
		out := make([]any, 0, len(v))
		for _, item := range v {
			out = append(out, s.value(item))
		}
		return out
	case object:
		if len(v) == 1 {
			for name, argument := range v {
				if name == "Ref" || strings.HasPrefix(name, "Fn::") {
					return s.call(name, argument)
				}
			}
		}
		out := object{}
		for key, item := range v {
			if got := s.value(item); got != nil {
				out[key] = got
			}
		}
		return out
	}
	return v
}

func (s *stack) call(name string, argument any) any {
	s.t.Helper()
	switch name {
	case "Ref":
		switch id := argument.(string); id {
		case "AWS::AccountId":
			return s.account.Account.ID
		case "AWS::NoValue":
			return nil
		default:
			v, ok := s.parameters[id]
			if !ok {
				s.t.Errorf("Ref %s: no such parameter", id)
			}
			return v
		}
	case "Fn::Sub":
		text := strings.NewReplacer("${AWS::AccountId}", s.account.Account.ID, "${AWS::Partition}", s.account.Partition, "${!", "${").Replace(argument.(string))
		if strings.Contains(text, "${AWS") {
			s.t.Errorf("Fn::Sub %s", text)
		}
		return text
	case "Fn::If":
		a := argument.([]any)
		if s.holds(a[0].(string)) {
			return s.value(a[1])
		}
		return s.value(a[2])
	case "Fn::Join":
		a := argument.([]any)
		var parts []string
		for _, v := range s.value(a[1]).([]any) {
			parts = append(parts, v.(string))
		}
		return strings.Join(parts, a[0].(string))
	}
	s.t.Errorf("%s can't be used in a property", name)
	return nil
}

func (s *stack) holds(name string) bool {
	s.t.Helper()
	c, ok := s.conditions[name]
	if !ok {
		s.t.Fatalf("no condition %s", name)
	}
	return s.truth(c)
}

func (s *stack) truth(v any) bool {
	s.t.Helper()
	for name, argument := range v.(object) {
		if name == "Condition" {
			return s.holds(argument.(string))
		}
		terms := argument.([]any)
		switch name {
		case "Fn::Equals":
			return s.value(terms[0]) == s.value(terms[1])
		case "Fn::Not":
			return !s.truth(terms[0])
		}
		if len(terms) < 2 || len(terms) > 10 {
			s.t.Errorf("%s takes 2 to 10 conditions, not %d", name, len(terms))
		}
		switch name {
		case "Fn::And":
			return !slices.ContainsFunc(terms, func(t any) bool { return !s.truth(t) })
		case "Fn::Or":
			return slices.ContainsFunc(terms, s.truth)
		}
	}
	s.t.Fatalf("condition %v", v)
	return false
}
