package config_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/config"
)

// narrowing are the clauses of a rule: each is a sentence of the operator about who is meant. A rule that keeps another
// clause is another rule, and says so; a rule that keeps none is a fault.
var narrowing = []string{"provider", "groups", "claims", "emails", "when"}

// TestLeavingOutNeverWidens leaves every key of a configuration out, one after the other: what is left is refused, or it
// gives nobody a role that the whole file doesn't give, nor a longer session than the documented hour.
func TestLeavingOutNeverWidens(t *testing.T) {
	for _, path := range []string{"../fedbridge.example.yaml", "testdata/base.yaml"} {
		text := readFile(t, path)
		whole := entitlements(t, text)
		tried, refused := 0, 0
		for _, keys := range allKeys(t, text) {
			name := strings.Join(keys, ".")
			part := without(t, text, keys)
			tried++
			if _, problems := config.Parse("f.yaml", part); len(problems) > 0 {
				refused++
				continue
			}
			if keys[0] == "rules" && len(keys) == 3 && slices.Contains(narrowing, keys[2]) {
				continue
			}
			for person, roles := range entitlements(t, string(part)) {
				for role, longest := range roles {
					before, had := whole[person][role]
					if !had {
						t.Fatalf("%s without %s gives %s to %s", path, name, role, person)
					}
					if longest > max(before, bridge.DefaultSession) {
						t.Fatalf("%s without %s gives %s for %s instead of %s", path, name, role, longest, before)
					}
				}
			}
		}
		if tried < 40 || refused < 20 {
			t.Errorf("%s: %d keys left out, %d refused", path, tried, refused)
		}
	}
}

// A rule without any clause is a fault, whichever was its only one.
func TestTheOnlyClauseCannotBeLeftOut(t *testing.T) {
	base := readFile(t, "testdata", "base.yaml")
	for _, clause := range []string{"groups: [x]", "claims: {a: [x]}", "emails: [a@example.com]", "provider: corp", `when: '"x" in claims.a'`} {
		with := strings.Replace(base, "    groups: [aws-platform]\n", "    "+clause+"\n", 1)
		if _, problems := config.Parse("f.yaml", []byte(with)); len(problems) > 0 {
			t.Errorf("%s: %v", clause, problems)
		}
	}
	alone := strings.Replace(base, "    groups: [aws-platform]\n", "", 1)
	if _, problems := config.Parse("f.yaml", []byte(alone)); len(problems) != 1 || !strings.Contains(problems[0].Message, "anyone: true") {
		t.Errorf("%v", problems)
	}
}

// entitlements asks for the roles of people who differ in everything that the files look at.
func entitlements(t *testing.T, text string) map[string]map[string]time.Duration {
	t.Helper()
	file, problems := config.Parse("f.yaml", []byte(text))
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	compiled, problem := file.Policy()
	if len(problem) > 0 {
		t.Fatal(problem)
	}
	all := map[string]map[string]time.Duration{}
	for i, id := range crowd() {
		roles := map[string]time.Duration{}
		for _, e := range compiled.Entitlements(id) {
			roles[e.Role.String()] = e.MaxSession
		}
		all[fmt.Sprintf("%d: %s %v %v", i, id.Provider, id.Groups, id.Claims)] = roles
	}
	return all
}

func crowd() []bridge.Identity {
	groups := []string{"aws-platform", "dev", "analysts", "aws-shop-dev-developer", "aws-shop-prod-admin", "aws-operators", "leavers"}
	claims := []bridge.Claims{
		{"employmentType": {"FTE"}}, {"status": {"leaving"}}, {"department": {"shop"}},
		{bridge.AttributeRole: {"arn:aws:iam::111122223333:role/team/Admin,arn:aws:iam::111122223333:saml-provider/Corp"}},
	}
	var people []bridge.Identity
	for _, provider := range []string{"corp", "google", "keycloak", "staff", ""} {
		for _, some := range few(groups) {
			for _, said := range few(claims) {
				id := bridge.Identity{Provider: provider, Subject: "s", Email: "ann@example.com", Groups: some, Claims: bridge.Claims{}}
				for _, claim := range said {
					maps.Copy(id.Claims, claim)
				}
				people = append(people, id)
			}
		}
	}
	return people
}

// few lists none, each, each two, and all.
func few[T any](all []T) [][]T {
	out := [][]T{nil, all}
	for i := range all {
		out = append(out, all[i:i+1])
		for j := range i {
			out = append(out, []T{all[i], all[j]})
		}
	}
	return out
}

// allKeys lists the paths of all keys of a YAML text; entries of lists are numbers.
func allKeys(t *testing.T, text string) [][]string {
	t.Helper()
	var paths [][]string
	var walk func(at []string, value any)
	walk = func(at []string, value any) {
		switch v := value.(type) {
		case map[string]any:
			for _, key := range slices.Sorted(maps.Keys(v)) {
				path := append(slices.Clone(at), key)
				paths = append(paths, path)
				walk(path, v[key])
			}
		case []any:
			for i, item := range v {
				walk(append(slices.Clone(at), fmt.Sprint(i)), item)
			}
		}
	}
	walk(nil, tree(t, text))
	return paths
}

func tree(t testing.TB, text string) any {
	t.Helper()
	var value any
	if err := yaml.Unmarshal([]byte(text), &value); err != nil {
		t.Fatal(err)
	}
	return value
}

// without writes the text anew, as JSON, which is YAML too, and leaves one key out.
func without(t *testing.T, text string, keys []string) []byte {
	t.Helper()
	value := tree(t, text)
	at := value
	for _, key := range keys[:len(keys)-1] {
		switch v := at.(type) {
		case map[string]any:
			at = v[key]
		case []any:
			var i int
			fmt.Sscan(key, &i)
			at = v[i]
		}
	}
	delete(at.(map[string]any), keys[len(keys)-1])
	out, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return out
}
