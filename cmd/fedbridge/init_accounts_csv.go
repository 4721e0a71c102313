package main

import (
	"encoding/csv"
	"errors"
	"io"
	"strings"
	"unicode"
)

// columns are the fields of an account by what people call their columns, without spaces, case and hyphens. Columns that
// AWS's own lists have, and that mean nothing here, are "".
var columns = map[string]string{
	"id": "id", "accountid": "id", "account": "id", "awsaccount": "id", "awsaccountid": "id", "accountnumber": "id",
	"name": "name", "accountname": "name",
	"environment": "environment", "env": "environment", "stage": "environment",
	"owner": "owner", "contact": "owner", "team": "owner",
	"label": "label", "partition": "partition",
	"arn": "arn", "accountarn": "arn", "status": "status", "state": "status",
	"email": "", "accountemail": "", "joinedmethod": "", "joinedtimestamp": "", "joineddate": "",
}

// withoutHeader is the order of the columns where no header names them.
var withoutHeader = []string{"id", "name", "environment", "owner"}

func (l *accountList) readCSV(text string) {
	switch first := strings.TrimSpace(text); {
	case strings.HasPrefix(first, "ACCOUNTS\t"), strings.HasPrefix(first, "---"):
		l.fault(1, "is neither CSV nor JSON; run aws organizations list-accounts with --output json")
		return
	case strings.HasPrefix(first, "<"), strings.HasPrefix(first, "PK\x03\x04"):
		l.fault(1, "is neither CSV nor JSON; one account a line: id,name,environment,owner")
		return
	}
	separator, text := separatorOf(text)
	r := csv.NewReader(strings.NewReader(text))
	r.Comma, r.Comment, r.FieldsPerRecord, r.TrimLeadingSpace = separator, '#', -1, separator != '\t'
	order, first := withoutHeader, true
	for {
		record, err := r.Read()
		if err == io.EOF {
			return
		}
		if broken, ok := errors.AsType[*csv.ParseError](err); ok {
			l.fault(broken.Line, "a quotation mark stands in the wrong place; double it where it is meant, or take it away")
			continue
		} else if err != nil {
			l.fault(0, "%v", err)
			return
		}
		line, _ := r.FieldPos(0)
		for i := range record {
			record[i] = strings.TrimSpace(record[i])
		}
		if strings.Join(record, "") == "" {
			continue
		}
		if first && isHeader(record) {
			order = l.header(line, record)
		} else {
			l.row(line, order, record)
		}
		first = false
	}
}

// separatorOf finds what divides the columns: a comma, the semicolon of spreadsheets in many countries, or a tab. It is the
// one that the first line has most of, or the one that "sep=" names.
func separatorOf(text string) (rune, string) {
	for line := range strings.Lines(text) {
		plainLine := strings.TrimSpace(line)
		if plainLine == "" || plainLine[0] == '#' {
			continue
		}
		if named, ok := strings.CutPrefix(strings.ToLower(plainLine), "sep="); ok && (named == ";" || named == ",") {
			return rune(named[0]), strings.Replace(text, plainLine, "", 1)
		}
		best, most := ',', 0
		for _, separator := range ",;\t" {
			if n := outsideQuotes(line, separator); n > most {
				best, most = separator, n
			}
		}
		return best, text
	}
	return ',', text
}

func outsideQuotes(line string, separator rune) (n int) {
	quoted := false
	for _, r := range line {
		switch r {
		case '"':
			quoted = !quoted
		case separator:
			if !quoted {
				n++
			}
		}
	}
	return n
}

// isHeader: a title that is known, and nothing that is an account's id or was meant to be one.
func isHeader(record []string) bool {
	known := false
	for _, title := range record {
		if _, ok := columns[titleKey(title)]; ok {
			known = true
		}
		if digits := strings.Map(onlyDigits, title); len(digits) >= 6 {
			return false
		}
	}
	return known
}

func onlyDigits(r rune) rune {
	if r >= '0' && r <= '9' {
		return r
	}
	return -1
}

// titleKey is a title as columns has it.
func titleKey(title string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, title)
}

// header gives the field of each column; "" for one that isn't read.
func (l *accountList) header(line int, titles []string) []string {
	order, seen := make([]string, len(titles)), map[string]bool{}
	var unknown []string
	for i, title := range titles {
		field, known := columns[titleKey(title)]
		if !known && title != "" {
			unknown = append(unknown, short(title))
		}
		if seen[field] && field != "" {
			l.fault(line, "two columns are the %s of an account; keep one", field)
		}
		order[i], seen[field] = field, true
	}
	if !seen["id"] {
		l.fault(line, "no column is called id; call the one with the account ids so")
	}
	if len(unknown) > 0 {
		l.note("%s:%d: didn't read the columns %s; known are id, name, label, environment, owner and partition", l.name, line, some(unknown))
	}
	return order
}

func (l *accountList) row(line int, order, record []string) {
	a := listedAccount{line: line}
	fields := map[string]*string{
		"id": &a.id, "name": &a.name, "label": &a.label, "environment": &a.environment, "owner": &a.owner,
		"partition": &a.partition, "arn": &a.arn, "status": &a.status,
	}
	for i, value := range record {
		if i >= len(order) {
			if value != "" {
				l.fault(line, "has more values than the %d of %s; write a value that holds the separator in quotation marks", len(order), strings.Join(order, ", "))
				return
			}
			continue
		}
		if field := fields[order[i]]; field != nil {
			*field = value
		}
	}
	l.listed = append(l.listed, a)
}
