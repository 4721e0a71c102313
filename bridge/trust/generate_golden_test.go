package trust_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fedbridge/fedbridge/bridge/trust"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden compares with a file under testdata.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", "generate", name)
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(want) != got {
		t.Errorf("%s is not what it was; read the difference after go test -update\n%s", path, got)
	}
}

// TestGoldenPolicies shows what account owners get to read, for each way with nothing and with everything.
func TestGoldenPolicies(t *testing.T) {
	for _, c := range loopCases() {
		partition, name, _ := strings.Cut(strings.TrimPrefix(c.name, "aws-"), "-")
		bare := !strings.Contains(c.name, "authorized") || strings.HasSuffix(c.name, "authorized")
		switch {
		case !strings.HasPrefix(c.name, "aws-us-gov") && !strings.HasPrefix(c.name, "aws-cn") && !strings.HasPrefix(c.name, "aws-eusc"):
			name = strings.TrimPrefix(c.name, "aws-")
		case strings.HasSuffix(name, "issuer") || strings.HasSuffix(name, "saml") || strings.HasSuffix(name, "assume_role"):
			name = partition + "-" + name
		default:
			continue
		}
		if strings.HasSuffix(name, "h") || strings.HasSuffix(name, "min") || strings.HasSuffix(name, "tags") && !strings.HasSuffix(name, "many-tags") || !bare {
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			plan, err := trust.Generate([]trust.Need{c.need}, c.options)
			if err != nil {
				t.Fatal(err)
			}
			golden(t, "policy-"+name+".json", plan.Policies())
		})
	}
}

// TestGoldenTemplates shows the files for one account with everything, and for an organisation.
func TestGoldenTemplates(t *testing.T) {
	one, many := everything(t), organisation(t)
	golden(t, "policies.txt", one.Policies())
	golden(t, "terraform-one.tf", one.Terraform())
	golden(t, "terraform-many.tf", many.Terraform())
	template, err := one.CloudFormation(loopShop)
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "cloudformation.yaml", template)
	if template, err = many.StackSet(); err != nil {
		t.Fatal(err)
	}
	golden(t, "stackset.yaml", template)
}
