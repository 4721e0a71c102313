package main

import (
	"embed"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"text/template"

	"github.com/fedbridge/fedbridge/config"
)

//go:embed init
var initFiles embed.FS

// initTemplate reads a file of init/ that speaks of the plan.
func initTemplate(name string, p initPlan) (string, error) {
	page, err := template.New(name).Option("missingkey=error").Funcs(template.FuncMap{
		"q":    strconv.Quote, // what is printable, as all answers are, is quoted in YAML as it is in Go
		"list": yamlList,
		"ref":  func(path string) string { return "file:" + path },
		"file": func(ref string) bool { return strings.HasPrefix(ref, "file:") },
		"path": func(ref string) string { return strings.TrimPrefix(ref, "file:") },
		"provider": func(p initPlan) (string, error) {
			return initTemplate("init/"+p.IdP.ID+"."+p.Kind+".yaml", p)
		},
	}).ParseFS(initFiles, name)
	if err != nil {
		return "", err
	}
	var text strings.Builder
	err = page.ExecuteTemplate(&text, name[strings.LastIndexByte(name, '/')+1:], p)
	return text.String(), err
}

func yamlList(values []string) string {
	quoted := make([]string, len(values))
	for i, v := range values {
		quoted[i] = strconv.Quote(v)
	}
	return "[" + strings.Join(quoted, ", ") + "]"
}

// render writes the configuration, which is checked as `fedbridge check` checks it.
func (p initPlan) render() (string, *config.File, []config.Problem, error) {
	text, err := initTemplate("init/fedbridge.yaml", p)
	if err != nil {
		return "", nil, nil, err
	}
	file, problems := config.Parse("fedbridge.yaml", []byte(text))
	return text, file, problems, nil
}

// Stranger is somebody whom no rule names.
func (p initPlan) Stranger() string {
	name := "somebody else"
	if p.ByEmail() {
		name = "somebody-else@example.com"
	}
	for slices.Contains(p.Groups, name) || slices.Contains(p.Emails, name) {
		name = "really-" + name
	}
	return name
}

// flagOf tells which flag a part of the configuration comes from.
func (p initPlan) flagOf(path string) string {
	provider := map[string]string{
		"name": "name", "label": "label", "metadata": "metadata", "issuer": "issuer", "client_id": "client-id",
		"client_secret": "client-secret", "domains": "domain", "hosted_domains": "hosted-domain", "signing": "dir",
	}
	if p.IdP.Tenant && p.Tenant != "" {
		provider["issuer"] = "tenant"
	}
	for prefix, flag := range map[string]string{
		"server.url": "url", "server.listen": "listen", "server.trusted_proxies": "proxy", "server.tls": "dir", "store": "dir",
		"audit": "dir", "issuer.keys": "dir", "aws": "region", "accounts": "accounts", "roles": "role",
	} {
		if strings.HasPrefix(path, prefix) {
			return flag
		}
	}
	switch {
	case strings.HasPrefix(path, "issuer.url") && p.PublicURL != "":
		return "public-url"
	case strings.HasPrefix(path, "issuer.url"):
		return "url"
	case strings.HasPrefix(path, "rules") && p.ByEmail():
		return "email"
	case strings.HasPrefix(path, "rules"):
		return "group"
	}
	if part, ok := strings.CutPrefix(path, "providers[0]."); ok {
		for key, flag := range provider {
			if part == key || strings.HasPrefix(part, key+".") || strings.HasPrefix(part, key+"[") {
				return flag
			}
		}
	}
	return ""
}

// faults tells what is wrong with the answers, one line each and by flag, however often the configuration has them.
func (p initPlan) faults() (map[string]string, error) {
	_, _, problems, err := p.render()
	found := map[string]string{}
	for _, problem := range problems {
		flag := p.flagOf(problem.Path)
		if flag == "" {
			err = fmt.Errorf("init would write what check refuses, which is a fault of init: %s", problem)
		} else if found[flag] == "" {
			found[flag] = problem.Message
			if problem.Path == "issuer.url" && flag == "url" {
				found[flag] += " (--public-url)"
			}
		}
	}
	return found, err
}
