package main

import (
	"fmt"
	"path/filepath"
	"strings"
)

// initStep is something to do after the configuration was written. What is run can be pasted as it stands.
type initStep struct {
	Say string   `json:"say"`
	Run []string `json:"run,omitempty"`
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
		steps = append(steps, initStep{p.whereToInstall() + " It needs " + sentence(files) + ":", p.install(files)})
	}
	if p.Kind == "oidc" && p.ClientSecret == "file:"+p.SecretPath() {
		steps = append(steps, initStep{"The client secret: run this, paste the secret, press Enter and Ctrl-D.", []string{p.installLine("/dev/stdin", p.SecretPath())}})
	}
	if p.Dir == "" {
		steps = append(steps, initStep{"The configuration:", []string{p.installLine(pathWord(out), at)}})
	}
	return append(steps,
		initStep{"Ask all that it names whether it is ready, then run it. " + p.asService() + p.URL + " must lead there: port 443 to " + p.Listen + ".",
			[]string{as + "fedbridge check --online " + pathWord(at), as + "fedbridge serve --config " + pathWord(at)}},
		initStep{"AWS reads " + p.IssuerURL() + "/.well-known/openid-configuration, so it must be readable from the Internet now. " +
			"Create in AWS what one of these prints, the roles and their trust in fedbridge, and attach what the roles may do:", p.trustCommands(out)},
		initStep{"See whether AWS gives each role. (Without --live, and with AWS credentials that may read IAM, it says what is missing " +
			"and how to mend it.) Then sign in at " + p.URL, []string{as + "fedbridge trust check --live --config " + pathWord(at)}},
	)
}

// trustCommands print what must be created in AWS, for one account, or for all.
func (p initPlan) trustCommands(out string) []string {
	config := " --config " + pathWord(out)
	commands := []string{"fedbridge trust terraform" + config, "fedbridge trust policy" + config}
	worlds := map[string]bool{}
	for _, a := range p.Accounts {
		worlds[a.Partition] = true
	}
	switch {
	case len(p.Accounts) == 1:
		commands = append([]string{"fedbridge trust cloudformation" + config}, commands...)
	case len(worlds) == 1: // an organisation is in one partition
		commands = append([]string{"fedbridge trust cloudformation --stackset" + config}, commands...)
	}
	return commands
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

// stepText is what people read, numbered from first.
func stepText(steps []initStep, first int) string {
	var text strings.Builder
	for i, step := range steps {
		fmt.Fprintf(&text, "\n%s\n\n", wrapped(fmt.Sprintf("%d. %s", first+i, step.Say), 110))
		for _, line := range step.Run {
			fmt.Fprintf(&text, "  %s\n", line)
		}
	}
	return text.String()
}

// wrapped breaks a text between words. What follows a number stands below it.
func wrapped(text string, width int) string {
	const indent = "   "
	var lines []string
	line := ""
	for _, word := range strings.Fields(text) {
		if line != "" && len(line)+1+len(word) > width {
			lines, line = append(lines, line), indent
		}
		if line != "" && line != indent {
			line += " "
		}
		line += word
	}
	return strings.Join(append(lines, line), "\n")
}
