package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/config"
)

// maxAccountsFile bounds a list of accounts: ten thousand of them as `aws organizations list-accounts` writes them are half
// of it.
const maxAccountsFile = 8 << 20

// listedAccount is an account as a list has it.
type listedAccount struct {
	line               int
	id, name, label    string
	environment, owner string
	partition          string
	arn, status        string
}

// accountList is read once from one text, and collects what is wrong with it.
type accountList struct {
	name   string // of the file
	listed []listedAccount
	faults []error
	notes  []string
}

// openAccounts reads a list from a file, or from standard input for "-".
func openAccounts(path string, stdin io.Reader) ([]byte, error) {
	from := stdin
	if path != "-" {
		f, err := os.Open(path)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		from = f
	}
	text, err := io.ReadAll(io.LimitReader(from, maxAccountsFile+1))
	if err == nil && len(text) > maxAccountsFile {
		err = fmt.Errorf("%s: larger than %d MiB; that is no list of accounts", printable(path), maxAccountsFile>>20)
	}
	return text, err
}

// readAccounts reads CSV, or the JSON of `aws organizations list-accounts`. It reports every fault at once, each with its
// line, and notes what it changed or left out. Accounts that don't say otherwise are in partition.
func readAccounts(name string, text []byte, partition string) ([]config.Account, []string, error) {
	l := &accountList{name: printable(name)}
	if text = l.decode(text); len(l.faults) == 0 {
		if first := bytes.TrimLeft(text, " \t\r\n"); len(first) > 0 && (first[0] == '{' || first[0] == '[') {
			l.readJSON(text)
		} else {
			l.readCSV(string(text))
		}
	}
	accounts := l.accounts(partition)
	if len(l.faults) > 0 {
		return nil, nil, errors.Join(l.fewFaults()...)
	}
	return accounts, l.notes, nil
}

func (l *accountList) fault(line int, format string, args ...any) {
	place := l.name
	if line > 0 {
		place += ":" + strconv.Itoa(line)
	}
	l.faults = append(l.faults, fmt.Errorf("%s: %s", place, fmt.Sprintf(format, args...)))
}

func (l *accountList) note(format string, args ...any) {
	l.notes = append(l.notes, fmt.Sprintf(format, args...))
}

func (l *accountList) fewFaults() []error {
	if more := len(l.faults) - maxFaults; more > 0 {
		return append(slices.Clone(l.faults[:maxFaults]), fmt.Errorf("%s: … and %d more", l.name, more))
	}
	return l.faults
}

// decode gives the text without its byte order mark, and with line ends as they are here.
func (l *accountList) decode(text []byte) []byte {
	text = bytes.TrimPrefix(text, []byte("\xef\xbb\xbf"))
	switch {
	case len(bytes.TrimSpace(text)) == 0:
		l.fault(0, "is empty; one account a line: id,name,environment,owner")
	case bytes.HasPrefix(text, []byte("\xff\xfe")), bytes.HasPrefix(text, []byte("\xfe\xff")), bytes.IndexByte(text, 0) >= 0:
		l.fault(0, "isn't UTF-8 text; save it as \"CSV UTF-8\"")
	case !utf8.Valid(text):
		l.fault(1+bytes.Count(validPart(text), []byte("\n")), "isn't UTF-8 text; save it as \"CSV UTF-8\"")
	}
	text = bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n"))
	return bytes.ReplaceAll(text, []byte("\r"), []byte("\n"))
}

// validPart is the text before the first byte that isn't UTF-8.
func validPart(text []byte) []byte {
	for at := 0; at < len(text); {
		r, size := utf8.DecodeRune(text[at:])
		if r == utf8.RuneError && size == 1 {
			return text[:at]
		}
		at += size
	}
	return text
}

// accounts checks what was listed, and gives names to it.
func (l *accountList) accounts(partition string) []config.Account {
	l.dropInactive()
	first := map[string]int{}
	for i := range l.listed {
		a := &l.listed[i]
		l.checkID(a)
		if line, twice := first[a.id]; twice {
			l.fault(a.line, "%s is listed in line %d already", a.id, line)
		} else if bridge.ValidAccountID(a.id) {
			first[a.id] = a.line
		}
		l.checkPartition(a, partition)
		l.checkWords(a)
	}
	if len(l.listed) == 0 && len(l.faults) == 0 {
		l.fault(0, "lists no account that is active")
	}
	if len(l.faults) > 0 {
		return nil
	}
	l.nameAll()
	accounts := make([]config.Account, len(l.listed))
	for i, a := range l.listed {
		accounts[i] = config.Account{ID: a.id, Name: a.name, Label: a.label, Environment: a.environment, Owner: a.owner}
		if a.partition != "aws" {
			accounts[i].Partition = a.partition
		}
	}
	return accounts
}

// dropInactive leaves out what AWS has closed or suspended: nobody can be let into it.
func (l *accountList) dropInactive() {
	var gone []string
	l.listed = slices.DeleteFunc(l.listed, func(a listedAccount) bool {
		inactive := a.status != "" && !strings.EqualFold(a.status, "ACTIVE")
		if inactive {
			gone = append(gone, fmt.Sprintf("%s (%s)", unquoted(a.id), unquoted(a.status)))
		}
		return inactive
	})
	if len(gone) > 0 {
		l.note("left out %s that AWS doesn't call active: %s", count(len(gone), "account"), some(gone))
	}
}

// checkID takes an id as the console shows it, 1111-2222-3333, and tells what spreadsheets make of ids.
func (l *accountList) checkID(a *listedAccount) {
	id := strings.TrimPrefix(a.id, "'") // how a spreadsheet is told that it is text
	if parts := strings.Split(id, "-"); len(parts) == 3 && len(id) == 14 {
		id = strings.Join(parts, "")
	}
	digits := strings.Trim(id, "0123456789") == ""
	switch {
	case bridge.ValidAccountID(id):
		a.id = id
	case id == "":
		l.fault(a.line, "the account id is missing")
	case strings.ContainsAny(id, "eE") && strings.Trim(id, "0123456789.,eE+") == "":
		l.fault(a.line, "account id %s: a spreadsheet made a number of it; format the column as text and write the twelve digits again", short(id))
	case digits && len(id) < 12 && len(id) >= 9:
		l.fault(a.line, "account id %s has %d digits and needs twelve; a spreadsheet drops zeros at the beginning: is it %s?", short(id), len(id), strings.Repeat("0", 12-len(id))+id)
	default:
		l.fault(a.line, "account id %s: write exactly twelve digits", short(id))
	}
}

func (l *accountList) checkPartition(a *listedAccount, partition string) {
	if fields := strings.SplitN(a.arn, ":", 3); a.partition == "" && len(fields) == 3 && fields[0] == "arn" {
		a.partition = fields[1]
	}
	if a.partition == "" {
		a.partition = partition
	}
	if _, known := bridge.PartitionByID(a.partition); !known {
		l.fault(a.line, "partition %s: write aws, aws-us-gov, aws-cn or aws-eusc", short(a.partition))
	}
}

// checkWords keeps what people read printable and short.
func (l *accountList) checkWords(a *listedAccount) {
	if a.label == "" {
		a.label = a.name
	}
	for _, word := range []struct {
		what string
		text *string
	}{{"name", &a.label}, {"environment", &a.environment}, {"owner", &a.owner}} {
		cleaned := plain(*word.text)
		if strings.ContainsFunc(*word.text, func(r rune) bool { return !unicode.IsPrint(r) }) {
			l.note("%s:%d: left out of the %s what can't be printed: %s", l.name, a.line, word.what, short(*word.text))
		}
		*word.text = cleaned
		if utf8.RuneCountInString(cleaned) > 200 {
			l.fault(a.line, "the %s has more than 200 characters: %s", word.what, short(cleaned))
		}
	}
	a.name = plain(a.name)
}

// short quotes a part of what somebody else wrote, so that it can stand in a message.
func short(s string) string {
	if runes := []rune(s); len(runes) > 40 {
		return strconv.Quote(string(runes[:40])) + "…"
	}
	return strconv.Quote(s)
}

// unquoted is short for what reads better without quotes where it is an ordinary word.
func unquoted(s string) string {
	if s != "" && len(s) <= 40 && strings.IndexFunc(s, func(r rune) bool { return !isWord(r) }) < 0 {
		return s
	}
	return short(s)
}

// some lists a few of many.
func some(words []string) string {
	const few = 5
	if more := len(words) - few; more > 1 {
		return strings.Join(words[:few], ", ") + fmt.Sprintf(" and %d more", more)
	}
	return strings.Join(words, ", ")
}
