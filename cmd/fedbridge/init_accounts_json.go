package main

import (
	"bytes"
	"encoding/json"
	"errors"
)

// organisationAccount is an entry of what `aws organizations list-accounts` prints. State has taken the place of Status.
// Email is the root user's, which is nobody to send people to.
type organisationAccount struct {
	ID     string `json:"Id"`
	ARN    string `json:"Arn"`
	Name   string `json:"Name"`
	State  string `json:"State"`
	Status string `json:"Status"`
}

func (l *accountList) readJSON(text []byte) {
	list := bytes.TrimSpace(text)
	if list[0] == '{' {
		var answer struct {
			Accounts  json.RawMessage
			NextToken *string
		}
		if err := json.Unmarshal(list, &answer); err != nil {
			l.faultJSON(text, err)
			return
		}
		if answer.NextToken != nil {
			l.fault(0, "isn't the whole list, since it ends in NextToken; run aws organizations list-accounts without --max-items")
		}
		if answer.Accounts == nil || answer.Accounts[0] != '[' {
			l.fault(0, "is JSON, but not what aws organizations list-accounts prints: it has no list called Accounts")
			return
		}
		list = answer.Accounts
	}
	start := max(bytes.Index(text, list), 0)
	d := json.NewDecoder(bytes.NewReader(list))
	if _, err := d.Token(); err != nil {
		l.faultJSON(text, err)
		return
	}
	for d.More() {
		var entry json.RawMessage
		if err := d.Decode(&entry); err != nil {
			l.faultJSON(text, err)
			return
		}
		line := 1 + bytes.Count(text[:start+int(d.InputOffset())-len(entry)], []byte("\n"))
		var a organisationAccount
		if err := json.Unmarshal(entry, &a); err != nil || entry[0] != '{' {
			l.fault(line, "isn't an account as aws organizations list-accounts prints it: {\"Id\": \"111122223333\", \"Name\": …}")
			continue
		}
		listed := listedAccount{line: line, id: a.ID, name: a.Name, arn: a.ARN, status: a.State}
		if listed.status == "" {
			listed.status = a.Status
		}
		l.listed = append(l.listed, listed)
	}
	if _, err := d.Token(); err != nil {
		l.faultJSON(text, err)
	} else if list = list[d.InputOffset():]; len(bytes.TrimSpace(list)) > 0 {
		l.fault(0, "has more after the list of accounts")
	}
}

func (l *accountList) faultJSON(text []byte, err error) {
	line := 0
	if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
		line = 1 + bytes.Count(text[:min(int(syntax.Offset), len(text))], []byte("\n"))
	}
	l.fault(line, "isn't whole JSON: %v", err)
}
