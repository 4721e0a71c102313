package trust_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/hclwrite"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
	"github.com/zclconf/go-cty/cty/function/stdlib"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/bridge/trust"
)

// TestTerraform reads the file back with HashiCorp's own parser: it makes what the plan says, and no more.
func TestTerraform(t *testing.T) {
	for _, c := range loopCases() {
		t.Run(c.name, func(t *testing.T) {
			plan, err := trust.Generate([]trust.Need{c.need}, c.options)
			if err != nil {
				t.Fatal(err)
			}
			got := readTerraform(t, plan.Terraform(), plan.Accounts)
			sameAccounts(t, got, plan.Accounts, false)
			if c.need.Role.Encryption.Certificate == "" {
				checkAccount(t, c, got[0])
				return
			}
			// The aws provider can't give IAM a private key, and the file says so: that much is left to do.
			if f := trust.Diagnose(c.need, asPlanned(got[0]), time.Now()); len(f) != 1 || f[0].Code != trust.CodeEncryptionKey {
				t.Errorf("got %v", codesOf(f))
			}
		})
	}
}

// TestTerraformOfSeveral: each account's resources go to its own provider.
func TestTerraformOfSeveral(t *testing.T) {
	plan := organisation(t)
	text := plan.Terraform()
	sameAccounts(t, readTerraform(t, text, plan.Accounts), plan.Accounts, false)
	for _, a := range plan.Accounts {
		for _, part := range []string{`alias               = "a` + a.Account.ID + `"`, `allowed_account_ids = ["` + a.Account.ID + `"]`} {
			if !strings.Contains(text, part) {
				t.Errorf("no %s", part)
			}
		}
	}
}

// TestTerraformFormat: terraform fmt, whose formatter this is, has nothing to change.
func TestTerraformFormat(t *testing.T) {
	for _, plan := range []*trust.Plan{organisation(t), everything(t)} {
		text := plan.Terraform()
		if got := string(hclwrite.Format([]byte(text))); got != text {
			t.Errorf("terraform fmt writes it otherwise:\n%s", trust.Unified("fedbridge.tf", text, got))
		}
	}
}

// checkAccount has the doctor look at an account as it was read back.
func checkAccount(t *testing.T, c loopCase, account trust.AccountPlan) {
	t.Helper()
	for _, f := range trust.Diagnose(c.need, asPlanned(account), time.Now()) {
		t.Errorf("%s: %s %s", f.Code, f.Summary, f.Detail)
	}
}

// sameAccounts compares what was read back with the plan: encryption where the format can say it.
func sameAccounts(t *testing.T, got, want []trust.AccountPlan, encryption bool) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d accounts, want %d", len(got), len(want))
	}
	for i := range want {
		g, w := summary(t, got[i], encryption), summary(t, want[i], encryption)
		for _, line := range w {
			if !slices.Contains(g, line) {
				t.Errorf("%s lacks %s", want[i].Account.ID, line)
			}
		}
		for _, line := range g {
			if !slices.Contains(w, line) {
				t.Errorf("%s has %s", want[i].Account.ID, line)
			}
		}
	}
}

func summary(t *testing.T, a trust.AccountPlan, encryption bool) []string {
	t.Helper()
	var out []string
	for _, p := range a.OIDC {
		out = append(out, fmt.Sprintf("oidc %s %s %q", p.ARN, p.URL, p.ClientIDs))
	}
	for _, p := range a.SAML {
		out = append(out, fmt.Sprintf("saml %s %s encrypted=%t %s", p.ARN, p.Name, p.Encrypted && encryption, strings.TrimSpace(string(p.Metadata))))
	}
	for _, r := range a.Roles {
		out = append(out, fmt.Sprintf("role %s %s %s", r.ARN, r.MaxSession, compact(t, []byte(r.Policy))))
	}
	return out
}

// readTerraform evaluates a file as terraform would, with no permissions, no profiles, and metadata files that hold
// their own variable's name.
func readTerraform(t *testing.T, text string, accounts []trust.AccountPlan) []trust.AccountPlan {
	t.Helper()
	file, problems := hclsyntax.ParseConfig([]byte(text), "fedbridge.tf", hcl.InitialPos)
	if problems.HasErrors() {
		t.Fatalf("%v\n%s", problems, text)
	}
	r := &tfReader{t: t, blocks: file.Body.(*hclsyntax.Body).Blocks, vars: map[string]map[string]cty.Value{}}
	out := make([]trust.AccountPlan, len(accounts))
	for i, a := range accounts {
		out[i].Account, out[i].Partition = a.Account, a.Partition
	}
	for _, pass := range []string{"variable", "aws_iam_openid_connect_provider", "aws_iam_saml_provider", "aws_iam_role", "aws_iam_role_policy_attachment"} {
		for _, b := range r.blocks {
			switch {
			case b.Type == "variable" && pass == "variable":
				r.set("var", b.Labels[0], r.fallback(b))
			case b.Type == "resource" && b.Labels[0] == pass:
				r.resource(b, &out[r.accountOf(b, accounts)])
			}
		}
	}
	return out
}

type tfReader struct {
	t      *testing.T
	blocks hclsyntax.Blocks
	vars   map[string]map[string]cty.Value
}

func (r *tfReader) set(kind, name string, v cty.Value) {
	if r.vars[kind] == nil {
		r.vars[kind] = map[string]cty.Value{}
	}
	if _, twice := r.vars[kind][name]; twice {
		r.t.Errorf("%s.%s is there twice", kind, name)
	}
	r.vars[kind][name] = v
}

func (r *tfReader) fallback(b *hclsyntax.Block) cty.Value {
	if b.Body.Attributes["default"] == nil {
		return cty.StringVal(b.Labels[0])
	}
	return r.value(b.Body.Attributes["default"].Expr)
}

func (r *tfReader) value(e hcl.Expression) cty.Value {
	r.t.Helper()
	ctx := &hcl.EvalContext{Variables: map[string]cty.Value{}, Functions: map[string]function.Function{
		"jsonencode": stdlib.JSONEncodeFunc, "lookup": stdlib.LookupFunc, "toset": stdlib.MakeToFunc(cty.Set(cty.DynamicPseudoType)),
		"file": function.New(&function.Spec{
			Params: []function.Parameter{{Name: "path", Type: cty.String}}, Type: function.StaticReturnType(cty.String),
			Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) { return args[0], nil },
		}),
	}}
	for kind, values := range r.vars {
		ctx.Variables[kind] = cty.ObjectVal(values)
	}
	v, problems := e.Value(ctx)
	if problems.HasErrors() {
		r.t.Fatal(problems)
	}
	return v
}

// accountOf finds the account that a resource's provider is for.
func (r *tfReader) accountOf(b *hclsyntax.Block, accounts []trust.AccountPlan) int {
	provider := b.Body.Attributes["provider"]
	if provider == nil {
		if len(accounts) != 1 {
			r.t.Fatalf("%v names no provider", b.Labels)
		}
		return 0
	}
	traversal, problems := hcl.AbsTraversalForExpr(provider.Expr)
	if problems.HasErrors() || traversal.RootName() != "aws" {
		r.t.Fatal("provider: ", problems)
	}
	alias := traversal[1].(hcl.TraverseAttr).Name
	i := slices.IndexFunc(accounts, func(a trust.AccountPlan) bool { return "a"+a.Account.ID == alias })
	if i < 0 {
		r.t.Fatalf("no account for %s", alias)
	}
	return i
}

func (r *tfReader) resource(b *hclsyntax.Block, a *trust.AccountPlan) {
	r.t.Helper()
	text := func(name string) string {
		if b.Body.Attributes[name] == nil {
			return ""
		}
		return r.value(b.Body.Attributes[name].Expr).AsString()
	}
	arn := "arn:" + a.Partition + ":iam::" + a.Account.ID + ":"
	made := map[string]cty.Value{}
	switch b.Labels[0] {
	case "aws_iam_openid_connect_provider":
		p := trust.OIDCPlan{URL: text("url")}
		p.ARN = arn + "oidc-provider/" + strings.TrimPrefix(p.URL, "https://")
		for _, v := range r.value(b.Body.Attributes["client_id_list"].Expr).AsValueSlice() {
			p.ClientIDs = append(p.ClientIDs, v.AsString())
		}
		a.OIDC = append(a.OIDC, p)
		made["arn"] = cty.StringVal(p.ARN)
	case "aws_iam_saml_provider":
		p := trust.SAMLPlan{Name: text("name"), Metadata: []byte(text("saml_metadata_document"))}
		p.ARN = arn + "saml-provider/" + p.Name
		a.SAML = append(a.SAML, p)
		made["arn"] = cty.StringVal(p.ARN)
	case "aws_iam_role":
		seconds, _ := r.value(b.Body.Attributes["max_session_duration"].Expr).AsBigFloat().Int64()
		path := text("path")
		if path == "" {
			path = "/"
		}
		a.Roles = append(a.Roles, trust.RolePlan{
			ARN:    bridge.RoleARN{Partition: a.Partition, Account: a.Account.ID, Path: path, Name: text("name")},
			Policy: text("assume_role_policy"), MaxSession: time.Duration(seconds) * time.Second,
		})
		made["name"] = cty.StringVal(text("name"))
	case "aws_iam_role_policy_attachment":
		if n := r.value(b.Body.Attributes["for_each"].Expr).LengthInt(); n != 0 || text("role") == "" {
			r.t.Errorf("%v: %d permissions that nobody gave", b.Labels, n)
		}
		return
	}
	r.set(b.Labels[0], b.Labels[1], cty.ObjectVal(made))
}
