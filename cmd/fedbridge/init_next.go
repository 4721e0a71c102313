package main

import (
	"fmt"
	"net/url"
	"path/filepath"
	"strings"
)

// initStep is something to do after the configuration was written. What is run can be pasted as it stands.
type initStep struct {
	Say string   `json:"say"`
	Run []string `json:"run,omitempty"`
	or  bool     // instead of the one before
}

// steps are what comes next, for the configuration that was written to out.
func (p initPlan) steps(out string) []initStep {
	if out == "-" {
		out = "fedbridge.yaml"
	}
	at, as := p.ConfigPath(), "sudo -u fedbridge "
	if p.Dir != "" {
		at, as = out, ""
	}
	var steps []initStep
	if files := p.filesToInstall(); len(files) > 0 {
		steps = append(steps, initStep{Say: p.whereToInstall() + " It needs " + sentence(files) + ":", Run: p.install(files)})
	}
	if p.Kind == "oidc" && p.ClientSecret == "file:"+p.SecretPath() {
		steps = append(steps, initStep{
			Say: "The client secret: run this, paste the secret, press Enter and Ctrl-D.", Run: []string{p.installLine("/dev/stdin", p.SecretPath())},
		})
	}
	if p.Dir == "" {
		steps = append(steps, initStep{Say: "The configuration:", Run: []string{p.installLine(pathWord(out), at)}})
	}
	steps = append(steps,
		initStep{Say: "Run it. " + p.asService() + p.URL + " must lead there: port " + p.port() + " to " + p.Listen + ".",
			Run: []string{as + "fedbridge serve --config " + pathWord(at)}},
	)
	if p.PublicURL != "" {
		steps = append(steps, initStep{Say: "In another terminal, write what AWS reads into a folder, and publish that folder's content at " + p.PublicURL +
			"; every few minutes, since keys change by themselves.", Run: []string{as + "fedbridge issuer export " + pathWord(p.lib("published")) + " --config " + pathWord(at)}})
	}
	steps = append(steps,
		initStep{Say: "In another terminal, ask all that it needs whether it is ready. AWS must be able to read what fedbridge publishes at " +
			p.IssuerURL() + ", from the Internet.", Run: []string{as + "fedbridge check --online " + pathWord(at)}})
	steps = append(steps, p.trustSteps(out)...)
	return append(steps, initStep{Say: "See whether AWS gives each role, and sign in at " + p.URL + ". Without --live, and with AWS credentials " +
		"that may read IAM, the same command says what is missing and how to mend it.",
		Run: []string{as + "fedbridge trust check --live --config " + pathWord(at)}})
}

// port is where people come to.
func (p initPlan) port() string {
	if u, err := url.Parse(p.URL); err == nil && u.Port() != "" {
		return u.Port()
	}
	return "443"
}

// trustSteps create in AWS what trusts fedbridge: for one account, or for all.
func (p initPlan) trustSteps(out string) []initStep {
	config := " --config " + pathWord(out)
	worlds := map[string]bool{}
	for _, a := range p.Accounts {
		worlds[a.Partition] = true
	}
	say := "Create the roles in AWS, and their trust in fedbridge. What they may do is yours to say, in the parameters of what is printed. "
	var steps []initStep
	switch {
	case len(p.Accounts) == 1:
		steps = []initStep{{Say: say + "With CloudFormation:", Run: []string{
			"fedbridge trust cloudformation" + config + " > fedbridge-trust.yaml",
			"aws cloudformation deploy --stack-name fedbridge --template-file fedbridge-trust.yaml --capabilities CAPABILITY_NAMED_IAM",
		}}}
	case len(worlds) == 1: // an organisation is in one partition
		steps = []initStep{{Say: say + "With CloudFormation, one template for all accounts, as a stack set:", Run: []string{
			"fedbridge trust cloudformation --stackset" + config + " > fedbridge-trust.yaml",
		}}}
	}
	terraform := initStep{Say: "Or with Terraform:", or: true, Run: []string{"fedbridge trust terraform" + config + " > fedbridge-trust.tf"}}
	if len(steps) == 0 {
		terraform.Say, terraform.or = say+"With Terraform:", false
	}
	return append(steps, terraform, initStep{Say: "Or by hand:", or: true, Run: []string{"fedbridge trust policy" + config}})
}

// filesToInstall are those that somebody must bring.
func (p initPlan) filesToInstall() []string {
	var files []string
	if len(p.Proxies) == 0 {
		files = append(files, "tls.crt", "tls.key")
	}
	if p.signs() {
		files = append(files, "sp.key", "sp.crt")
	}
	if path, ok := strings.CutPrefix(p.Metadata, "file:"); ok && filepath.Dir(path) == filepath.Dir(p.ConfigPath()) {
		files = append(files, filepath.Base(path))
	}
	return files
}

// signs: Keycloak wants signed requests.
func (p initPlan) signs() bool { return p.IdP.ID == "keycloak" && p.Kind == "saml" }

func (p initPlan) whereToInstall() string {
	if p.Dir != "" {
		return "On the machine where fedbridge will run."
	}
	return "On the machine where fedbridge will run, with the user and the folders that README makes under \"Install\"."
}

func sentence(files []string) string {
	words := make([]string, len(files))
	for i, name := range files {
		words[i] = pathWord(name)
		switch name {
		case "tls.crt":
			words[i] += " (the certificate with its chain)"
		case "tls.key":
			words[i] += " (its key)"
		}
	}
	if len(words) == 1 {
		return words[0]
	}
	return strings.Join(words[:len(words)-1], ", ") + " and " + words[len(words)-1]
}

func (p initPlan) install(files []string) []string {
	var words []string
	for _, name := range files {
		words = append(words, pathWord(name))
	}
	folder := filepath.Dir(p.ConfigPath())
	line := p.installLine(strings.Join(words, " "), folder+"/")
	if p.Dir == "" {
		return []string{line}
	}
	return []string{"mkdir -p -m 700 " + pathWord(folder), line}
}

func (p initPlan) installLine(from, to string) string {
	if p.Dir != "" {
		return "install -m 0600 " + from + " " + pathWord(to)
	}
	return "sudo install -m 0640 -o root -g fedbridge " + from + " " + pathWord(to)
}

func (p initPlan) asService() string {
	if p.Dir != "" {
		return ""
	}
	return "(README, \"With systemd\", makes it a service.) "
}

// stepText is what people read, numbered from next.
func stepText(steps []initStep, next int) string {
	var text strings.Builder
	for _, step := range steps {
		say := "   " + step.Say
		if !step.or {
			say = fmt.Sprintf("%d. %s", next, step.Say)
			next++
		}
		fmt.Fprintf(&text, "\n%s\n\n", wrapped(say, 110))
		for _, line := range step.Run {
			fmt.Fprintf(&text, "   %s\n", line)
		}
	}
	return text.String()
}

// wrapped breaks a text between words. What follows a number stands below it.
func wrapped(text string, width int) string {
	const indent = "   "
	var lines []string
	line := text[:len(text)-len(strings.TrimLeft(text, " "))]
	for _, word := range strings.Fields(text) {
		if len(line) > len(indent) && len(line)+1+len(word) > width {
			lines, line = append(lines, line), indent
		}
		if strings.TrimSpace(line) != "" {
			line += " "
		}
		line += word
	}
	return strings.Join(append(lines, line), "\n")
}
