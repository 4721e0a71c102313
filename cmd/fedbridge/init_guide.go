package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// guide says what to do at the identity provider, with its own words for it.
func (p initPlan) guide() (string, error) {
	return initTemplate("init/"+p.IdP.ID+"."+p.Kind+".txt", p)
}

// initNext is what `--json` prints: the same that people read.
type initNext struct {
	File         string            `json:"file,omitempty"`
	Provider     string            `json:"provider"`
	Kind         string            `json:"kind"`
	Register     map[string]string `json:"register"` // what the identity provider must know
	Instructions string            `json:"instructions"`
	Next         []initStep        `json:"next,omitempty"`
	Notes        []string          `json:"notes,omitempty"`
}

func (p initPlan) register() map[string]string {
	if p.Kind == "oidc" {
		return map[string]string{"redirect_uri": p.RedirectURI(), "login_url": p.LoginURL()}
	}
	return map[string]string{"acs_url": p.ACS(), "entity_id": p.EntityID(), "login_url": p.LoginURL()}
}

// printSteps says what to do at the identity provider, before it has told what the configuration needs.
func (f *initFlags) printSteps(out io.Writer) error {
	var faults []error
	for _, needed := range []struct{ flag, value string }{{"url", f.URL}, {"idp", f.idp}} {
		if needed.value == "" {
			faults = append(faults, usagef("--%s is missing, for --steps", needed.flag))
		}
	}
	if len(faults) > 0 {
		return errors.Join(faults...)
	}
	found, err := f.standIn().faults()
	if err != nil {
		return err
	}
	for _, flag := range []string{"url", "name", "dir"} {
		if found[flag] != "" {
			faults = append(faults, usagef("--%s: %s", flag, found[flag]))
		}
	}
	if len(faults) > 0 {
		return errors.Join(faults...)
	}
	p := f.complete()
	guide, err := p.guide()
	if err != nil {
		return err
	}
	if f.asJSON {
		return writeJSON(out, initNext{Provider: p.Name, Kind: p.Kind, Register: p.register(), Instructions: guide})
	}
	_, err = io.WriteString(out, guide)
	return err
}

// printNext says what was written, and what comes next.
func (f *initFlags) printNext(out io.Writer, p initPlan, summary string) error {
	guide, err := p.guide()
	if err != nil {
		return err
	}
	next := p.steps(f.out)
	notes := append(f.notes, p.notes()...)
	if f.asJSON {
		return writeJSON(out, initNext{
			File: f.out, Provider: p.Name, Kind: p.Kind, Register: p.register(), Instructions: guide, Next: next, Notes: notes,
		})
	}
	if f.out != "-" {
		fmt.Fprintf(out, "\n%s is written: %s. `fedbridge check` finds no faults in it.\n", printable(f.out), summary)
	}
	for _, note := range notes {
		fmt.Fprintln(out, "Note:", note)
	}
	number := 1
	if !f.told {
		fmt.Fprintf(out, "\n%d. %s", number, guide)
		number++
	}
	_, err = io.WriteString(out, stepText(next, number))
	return err
}

// notes are doubts that are no faults.
func (p initPlan) notes() []string {
	var notes []string
	for _, group := range p.Groups {
		if p.IdP.ID == "entra" && !tenantForm.MatchString(group) {
			notes = append(notes, "Entra ID sends Object Ids of groups, and "+short(group)+" is none: nobody would have the role. Unless you set up the claim otherwise, write the Object Id")
		}
	}
	if p.IdP.ID == "okta" && strings.Contains(p.Issuer, "/oauth2/") {
		notes = append(notes, "this issuer is an authorization server of its own in Okta: it needs a scope and a claim called groups, under Security, API")
	}
	return notes
}

func writeJSON(out io.Writer, v any) error {
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}

// pathWord is a path as one types it after a command.
func pathWord(path string) string {
	if strings.HasPrefix(path, "-") && path != "-" {
		path = "./" + path
	}
	return shellWord(path)
}
