package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/bridge/awssts"
	"github.com/fedbridge/fedbridge/bridge/ststest"
	"github.com/fedbridge/fedbridge/bridge/trust"
)

// iamBlocks are the blocks that TestReadmeIAM runs, in the order of README.
var iamBlocks = []string{"iam-issuer", "iam-own", "iam-irsa", "iam-assume-role", "iam-saml", "iam-web-identity", "iam-google"}

// iamFlags are the flags of the AWS CLI's `aws iam` that README uses; those with "!" are needed.
var iamFlags = map[string][]string{
	"create-role":                     {"--role-name!", "--assume-role-policy-document!", "--max-session-duration"},
	"update-assume-role-policy":       {"--role-name!", "--policy-document!"},
	"put-role-policy":                 {"--role-name!", "--policy-name!", "--policy-document!"},
	"attach-role-policy":              {"--role-name!", "--policy-arn!"},
	"create-instance-profile":         {"--instance-profile-name!"},
	"add-role-to-instance-profile":    {"--instance-profile-name!", "--role-name!"},
	"create-saml-provider":            {"--name!", "--saml-metadata-document!"},
	"create-open-id-connect-provider": {"--url!", "--client-id-list", "--thumbprint-list"},
}

// iam is what `aws iam` does to an AWS of ours.
type iam struct {
	t     testing.TB
	aws   *ststest.AWS
	roles map[string]ststest.Role // as they are now, by ARN
}

// call is one line that begins with aws: name, account, arguments.
func (i *iam) call(call []string) {
	i.t.Helper()
	account, args := call[1], call[2:]
	if len(args) < 2 || args[0] != "iam" || iamFlags[args[1]] == nil {
		i.t.Fatalf("no call of aws iam that this test knows: %q", args)
	}
	flags := i.flags(args[1], args[2:])
	arn := "arn:aws:iam::" + account + ":role/" + flags["--role-name"]
	role, err := i.roles[arn], error(nil)
	switch args[1] {
	case "create-role":
		seconds, _ := strconv.Atoi(flags["--max-session-duration"])
		role = ststest.Role{ARN: arn, TrustPolicy: flags["--assume-role-policy-document"], MaxSessionDuration: time.Duration(seconds) * time.Second}
		i.roles[arn], err = role, i.aws.AddRole(role)
	case "update-assume-role-policy":
		role.TrustPolicy = flags["--policy-document"]
		i.roles[arn], err = role, i.aws.AddRole(role)
	case "put-role-policy":
		role.AllowAssume = allowed(i.t, flags["--policy-document"])
		i.roles[arn], err = role, i.aws.AddRole(role)
	case "create-saml-provider":
		document := flags["--saml-metadata-document"]
		if len(document) < 1000 { // IAM API, CreateSAMLProvider
			err = fmt.Errorf("metadata of %d characters", len(document))
			break
		}
		err = i.aws.AddSAMLProvider(ststest.SAMLProvider{ARN: "arn:aws:iam::" + account + ":saml-provider/" + flags["--name"], Metadata: []byte(document)})
	case "create-open-id-connect-provider":
		_, err = i.aws.AddOIDCProvider(ststest.OIDCProvider{Account: account, Issuer: flags["--url"], ClientIDs: []string{flags["--client-id-list"]}})
	default:
		if flags["--role-name"] != "" && role.ARN == "" {
			err = fmt.Errorf("no role %s", arn)
		}
	}
	if err != nil {
		i.t.Fatalf("aws %s: %v", strings.Join(args, " "), err)
	}
}

func (i *iam) flags(command string, args []string) map[string]string {
	i.t.Helper()
	found := map[string]string{}
	for ; len(args) >= 2; args = args[2:] {
		found[args[0]] = args[1]
	}
	known := map[string]bool{}
	for _, flag := range iamFlags[command] {
		name, needed := strings.CutSuffix(flag, "!")
		known[name] = true
		if needed && found[name] == "" {
			i.t.Errorf("aws iam %s needs %s", command, name)
		}
	}
	for name := range found {
		if !known[name] {
			i.t.Errorf("aws iam %s has no flag %s", command, name)
		}
	}
	if len(args) > 0 {
		i.t.Errorf("aws iam %s: %q is left over", command, args)
	}
	return found
}

// allowed reads which roles an identity policy lets assume, and demands the actions that fedbridge needs for it.
func allowed(t testing.TB, document string) []string {
	t.Helper()
	var policy struct {
		Version   string
		Statement []struct {
			Effect           string
			Action, Resource []string
		}
	}
	decoder := json.NewDecoder(strings.NewReader(document))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&policy); err != nil || len(policy.Statement) != 1 || policy.Statement[0].Effect != "Allow" {
		t.Fatalf("an identity policy of another form: %v\n%s", err, document)
	}
	if diff := cmp.Diff([]string{"sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"}, policy.Statement[0].Action); diff != "" {
		t.Error(diff)
	}
	return policy.Statement[0].Resource
}

// TestReadmeIAM runs README's commands for AWS in bash and in zsh, builds an AWS from what they ask for, and then signs
// people in with README's configurations and takes every role, through the strict evaluation of the trust policies that
// README prints. Each is refused as well, to somebody whom it isn't for.
func TestReadmeIAM(t *testing.T) {
	bash := need(t, "bash", "a shell to run README's commands")
	zsh := need(t, "zsh", "the other shell that README speaks of")
	w := newReadmeWorld(t)
	exchanges := map[string]func(){
		"iam-issuer": w.issuer, "iam-own": w.instance, "iam-irsa": w.serviceAccount, "iam-assume-role": w.assumeRole,
		"iam-saml": w.relaySAML, "iam-web-identity": w.relayToken, "iam-google": w.relayGoogle,
	}
	for _, name := range iamBlocks {
		b := readmeBlock(t, "sh", name)
		for _, call := range w.calls(bash, zsh, b) {
			w.iam.call(call)
		}
		exchanges[name]()
	}
	if used := slices.Sorted(maps.Keys(w.taken)); !slices.Equal(used, slices.Sorted(maps.Keys(w.iam.roles))) {
		t.Errorf("README makes the roles %v, and this test takes %v", slices.Sorted(maps.Keys(w.iam.roles)), used)
	}
	for arn, role := range w.iam.roles {
		if _, err := trust.Parse([]byte(role.TrustPolicy)); err != nil || len(role.TrustPolicy) > 2048 {
			t.Errorf("%s: %v", arn, err)
		}
	}
}

// calls runs the block in both shells, which must ask the same, and gives the calls of aws.
func (w *readmeWorld) calls(bash, zsh string, b block) (aws [][]string) {
	w.t.Helper()
	w.shell.run(bash, b)
	asked := w.shell.called()
	if _, err := exec.LookPath(zsh); err == nil {
		w.shell.run(zsh, b)
		if diff := cmp.Diff(asked, w.shell.called()); diff != "" {
			w.t.Errorf("%s: bash and zsh differ:\n%s", b.name, diff)
		}
	}
	for _, call := range asked {
		if call[0] == "aws" {
			aws = append(aws, call)
		}
	}
	return aws
}

// instance: the trust policy lets EC2 hand the role to instances, and nobody else.
func (w *readmeWorld) instance() {
	policy, err := trust.Parse([]byte(w.iam.roles[ownRole].TrustPolicy))
	if err != nil {
		w.t.Fatal(err)
	}
	for service, want := range map[string]trust.Effect{"ec2.amazonaws.com": trust.Allow, "lambda.amazonaws.com": trust.Deny} {
		got := policy.Evaluate(trust.Request{Principal: trust.Principal{Kind: trust.Service, ID: service}, Action: "sts:AssumeRole"})
		if got.Effect != want {
			w.t.Errorf("%s: %s, want %s: %s", service, got.Effect, want, got.Reason)
		}
	}
	w.own = w.instanceCredentials()
	w.taken[ownRole] = true
}

// issuer: what fedbridge mints for this role, and nothing for another.
func (w *readmeWorld) issuer() {
	saml := readmeBlock(w.t, "file", "saml").text
	config := saml[:strings.Index(saml, "roles:")] + readmeBlock(w.t, "file", "issuer").text
	ask := asking{config: config, provider: "corp", account: "444455556666", role: "support", person: "dev"}
	w.own = []awssts.Credentials{{}} // none are needed
	w.takes(ask)
	ask.config = strings.Replace(config, "keys: file", "audience: another\n  keys: file", 1)
	w.refused(ask, bridge.CodeSTSInvalidProof)
	ask.config = strings.Replace(config, "role/Support", "role/support", 1)
	w.refused(ask, bridge.CodeSTSRefused)
	w.own = nil
}

// assumeRole: with the external ID, tags and a source identity; as the instance, and as the service account.
func (w *readmeWorld) assumeRole() {
	saml := readmeBlock(w.t, "file", "saml").text
	ask := asking{config: saml, provider: "corp", account: "444455556666", role: "readonly", person: "dev"}
	w.takes(ask)
	ask.config = strings.Replace(saml, "6b0f3f2a", "00000000", 1)
	w.refused(ask, bridge.CodeSTSRefused)
}

func (w *readmeWorld) relaySAML() {
	saml := readmeBlock(w.t, "file", "saml").text
	ask := asking{config: saml, provider: "corp", account: "444455556666", role: "developer", person: "dev"}
	w.takes(ask)
	// As README says for providers that write one audience only.
	one := strings.Replace(saml, `audiences: ["urn:amazon:webservices"]`, "entity_id: urn:amazon:webservices", 1)
	ask.config, ask.audience = one, "urn:amazon:webservices"
	w.takes(ask)
	ask.config, ask.audience = strings.Replace(saml, "https://bridge.", "https://other.", 1), ""
	w.refused(ask, bridge.CodeSTSRefused)
	w.loads(strings.Replace(saml, saml[:strings.Index(saml, "\nstore:")], readmeBlock(w.t, "file", "proxy").text, 1))
}

func (w *readmeWorld) relayToken() {
	oidc := readmeBlock(w.t, "file", "oidc").text
	ask := asking{config: oidc, provider: "staff", account: "777788889999", role: "analyst", person: "ann"}
	w.takes(ask)
	ask.config = strings.Replace(oidc, "client_id: fedbridge", "client_id: another", 1)
	w.refused(ask, bridge.CodeSTSInvalidProof)
}

func (w *readmeWorld) relayGoogle() {
	oidc := readmeBlock(w.t, "file", "oidc").text
	part := func(from, to string) string {
		return oidc[strings.Index(oidc, from):strings.Index(oidc, to)]
	}
	config := part("server:", "providers:") + part("accounts:", "roles:") + readmeBlock(w.t, "file", "google").text
	ask := asking{config: config, provider: "google", account: "777788889999", role: "reporter", person: "rita"}
	w.takes(ask)
	// Whoever the trust policy doesn't name is refused by AWS, even if the configuration named them.
	ask.person = "rob"
	ask.config = strings.NewReplacer("110169484474386276334", "110000000000000000000", "rita@", "rob@").Replace(config)
	w.refused(ask, bridge.CodeSTSRefused)
}
