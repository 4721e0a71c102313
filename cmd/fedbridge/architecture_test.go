package main_test

import (
	"encoding/json"
	"io"
	"maps"
	"os/exec"
	"path"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/fedbridge/fedbridge/"

// allowed is the picture of the house: what each package may import of ours. A new arrow is added here, with a reason in
// the commit, or it is a mistake. Arrows point down: cmd > config, handlers > idp/*, bridge/* > idp > bridge.
var allowed = map[string][]string{
	"bridge":                 {},
	"bridge/policy":          {"bridge"},
	"bridge/awssts":          {"bridge"},
	"bridge/awsconsole":      {"bridge"},
	"bridge/awsiam":          {"bridge"},
	"bridge/delivery":        {"bridge"},
	"bridge/audit":           {"bridge"},
	"bridge/store":           {"bridge", "idp"},
	"bridge/trust":           {"bridge"},
	"bridge/mint":            {"bridge"},
	"bridge/awskms":          {"bridge"},                 // signs for mint, which knows it by an interface
	"bridge/ststest":         {"bridge", "bridge/trust"}, // one evaluator of trust policies, not two
	"idp":                    {"bridge"},
	"idp/oidc":               {"bridge", "idp"},
	"idp/saml":               {"bridge", "idp"},
	"idp/idptest":            {"bridge", "idp"},
	"idp/idptest/suite":      {"bridge", "idp", "idp/idptest"},
	"templates":              {"bridge"},
	"handlers":               {"bridge", "idp", "templates"},
	"handlers/portal":        {"bridge", "bridge/delivery", "bridge/store", "bridge/trust", "handlers", "idp", "templates"},
	"handlers/operator":      {"bridge", "handlers", "idp"},
	"handlers/issuer":        {"bridge", "bridge/mint", "handlers"}, // serves what mint publishes, as mint made it
	"config":                 {"bridge", "bridge/policy", "bridge/trust", "bridge/audit", "bridge/store", "bridge/awssts", "bridge/awsconsole", "bridge/mint", "bridge/awskms", "idp", "idp/oidc", "idp/saml"},
	"cmd/fedbridge":          {"*"},
	"bridge/store/storetest": {"bridge", "bridge/store"},
}

// homes says where the types of an outside package may be used. Test kits and tests may use what they need.
var homes = map[string][]string{
	"github.com/coreos/go-oidc/":           {"idp/oidc"},
	"golang.org/x/oauth2":                  {"idp/oidc"},
	"github.com/crewjam/saml":              {"idp/saml"},
	"github.com/russellhaering/goxmldsig":  {"idp/saml"},
	"github.com/beevik/etree":              {"idp/saml"},
	"github.com/gorilla/sessions":          {"handlers/portal"},
	"github.com/aws/":                      {"bridge/awssts", "bridge/awskms", "bridge/awsiam"},
	"cel.dev/cel-go":                       {"bridge/policy"},
	"github.com/google/cel-go":             {"bridge/policy"},
	"modernc.org/sqlite":                   {"bridge/store"},
	"github.com/goccy/go-yaml":             {"config"},
	"github.com/spf13/cobra":               {"cmd/fedbridge"},
	"github.com/prometheus/client_golang/": {"handlers/operator"},
}

// kits are servers to test against. Only tests and the demo import them, and they don't import testing.
var kits = []string{"bridge/ststest", "idp/idptest"}

type goPackage struct {
	ImportPath                string
	Name                      string
	GoFiles                   []string
	Imports                   []string
	TestImports, XTestImports []string
}

func listPackages(t *testing.T) []goPackage {
	t.Helper()
	cmd := exec.Command("go", "list", "-json", "./...")
	cmd.Dir = path.Join("..", "..")
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var packages []goPackage
	decoder := json.NewDecoder(strings.NewReader(string(out)))
	for {
		var p goPackage
		if err := decoder.Decode(&p); err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		packages = append(packages, p)
	}
	if len(packages) < 5 {
		t.Fatalf("go list found %d packages only", len(packages))
	}
	return packages
}

func TestArchitecture(t *testing.T) {
	for _, p := range listPackages(t) {
		place := strings.TrimPrefix(p.ImportPath, module)
		arrows, known := allowed[place]
		if !known {
			t.Errorf("package %s is not in the picture: give it its arrows in this table, and say why in the commit", place)
			continue
		}
		for _, imported := range p.Imports {
			if ours, ok := strings.CutPrefix(imported, module); ok {
				if !slices.Contains(arrows, "*") && !slices.Contains(arrows, ours) {
					t.Errorf("%s imports %s: that arrow is not in the picture", place, ours)
				}
				continue
			}
			checkOutside(t, place, imported)
		}
	}
}

func checkOutside(t *testing.T, place, imported string) {
	t.Helper()
	isKit := slices.Contains(kits, place) || strings.HasSuffix(place, "/suite") || strings.HasSuffix(place, "/storetest")
	if slices.Contains(kits, place) && imported == "testing" {
		t.Errorf("%s imports testing: a kit hands out handlers, tests wrap them", place)
	}
	outside := strings.Contains(strings.Split(imported, "/")[0], ".")
	if place == "bridge" && outside {
		t.Errorf("bridge imports %s: it imports the standard library only", imported)
	}
	if isKit {
		return
	}
	for _, prefix := range slices.Sorted(maps.Keys(homes)) {
		if strings.HasPrefix(imported, prefix) && !slices.Contains(homes[prefix], place) {
			t.Errorf("%s imports %s, whose home is %s", place, imported, strings.Join(homes[prefix], ", "))
		}
	}
}

// TestKitsStayOutOfServe: what can lie on request must not be linked into anything but the demo.
func TestKitsStayOutOfServe(t *testing.T) {
	for _, p := range listPackages(t) {
		place := strings.TrimPrefix(p.ImportPath, module)
		if place == "cmd/fedbridge" || place == "idp/idptest/suite" || slices.Contains(kits, place) {
			continue
		}
		for _, kit := range kits {
			if slices.Contains(p.Imports, module+kit) {
				t.Errorf("%s imports %s outside of a test", place, kit)
			}
		}
	}
}

// TestFloors: versions below which a library accepts what the threat model forbids.
func TestFloors(t *testing.T) {
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Version}}", "github.com/russellhaering/goxmldsig").Output()
	if err != nil {
		t.Fatalf("go list -m: %v", err)
	}
	version := strings.TrimSpace(string(out))
	if !atLeast(version, "v1.6.1") {
		t.Errorf("goxmldsig is %s: this project needs v1.6.1 or newer", version)
	}
}

func atLeast(version, floor string) bool {
	var have, want [3]int
	for i, part := range strings.SplitN(strings.TrimPrefix(version, "v"), ".", 3) {
		have[i] = number(part)
	}
	for i, part := range strings.SplitN(strings.TrimPrefix(floor, "v"), ".", 3) {
		want[i] = number(part)
	}
	return slices.Compare(have[:], want[:]) >= 0
}

func number(s string) int {
	n := 0
	for _, c := range s {
		if c < '0' || c > '9' {
			return n
		}
		n = n*10 + int(c-'0')
	}
	return n
}
