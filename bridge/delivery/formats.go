package delivery

import (
	"bytes"
	"encoding/json"
	"strings"
)

// variable is one environment variable. The names are those that AWS CLI and SDKs read.
type variable struct{ name, value string }

// leftovers of an earlier session that would win over or mix with the new one: botocore prefers AWS_SECURITY_TOKEN to
// AWS_SESSION_TOKEN, and a profile still gives its region and settings.
var leftovers = []string{"AWS_SECURITY_TOKEN", "AWS_PROFILE"}

func (v values) variables() []variable {
	all := []variable{
		{"AWS_ACCESS_KEY_ID", v.keyID},
		{"AWS_SECRET_ACCESS_KEY", v.secret},
		{"AWS_SESSION_TOKEN", v.token},
		{"AWS_CREDENTIAL_EXPIRATION", v.expires}, // read by botocore, which refuses to use what has expired
	}
	if v.region != "" {
		// The CLI and botocore read the second only, other SDKs the first.
		all = append(all, variable{"AWS_REGION", v.region}, variable{"AWS_DEFAULT_REGION", v.region})
	}
	return all
}

// bash is for every POSIX shell. Lines begin with a blank, which keeps them out of the history where the shell is set to
// ignore such lines (HISTCONTROL=ignorespace, HIST_IGNORE_SPACE).
func bash(v values) []byte {
	var b bytes.Buffer
	b.WriteString(" unset " + strings.Join(leftovers, " ") + "\n")
	for _, x := range v.variables() {
		b.WriteString(" export " + x.name + "=" + quotePOSIX(x.value) + "\n")
	}
	return b.Bytes()
}

// quotePOSIX: nothing is special between single quotes but the quote itself (POSIX.1-2024, Shell Command Language 2.2.2).
func quotePOSIX(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

// fish keeps lines that begin with a blank out of its history.
func fish(v values) []byte {
	var b bytes.Buffer
	for _, name := range leftovers {
		b.WriteString(" set -e " + name + "\n")
	}
	for _, x := range v.variables() {
		b.WriteString(" set -gx " + x.name + " " + quoteFish(x.value) + "\n")
	}
	return b.Bytes()
}

// quoteFish: between single quotes fish reads \' and \\, and nothing else (fish language, "Quotes").
func quoteFish(s string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(s) + "'"
}

func powerShell(v values) []byte {
	var b bytes.Buffer
	for _, name := range leftovers {
		b.WriteString("Remove-Item Env:" + name + " -ErrorAction SilentlyContinue\r\n")
	}
	for _, x := range v.variables() {
		b.WriteString("$Env:" + x.name + "=" + quotePowerShell(x.value) + "\r\n")
	}
	return b.Bytes()
}

// quotePowerShell: single quotes don't expand $, and are doubled inside (about_Quoting_Rules).
func quotePowerShell(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// cmd has no quotes: they would become part of the value. The alphabet that values are checked against has none of
// cmd's special characters, and no line ends with a blank.
func cmd(v values) []byte {
	var b bytes.Buffer
	for _, name := range leftovers {
		b.WriteString("set " + name + "=\r\n")
	}
	for _, x := range v.variables() {
		b.WriteString("set " + x.name + "=" + x.value + "\r\n")
	}
	return b.Bytes()
}

// dotEnv has no quotes either: docker takes them for part of the value.
func dotEnv(v values) []byte {
	var b bytes.Buffer
	for _, x := range v.variables() {
		b.WriteString(x.name + "=" + x.value + "\n")
	}
	return b.Bytes()
}

func profile(v values) []byte {
	var b bytes.Buffer
	b.WriteString("[" + v.profile + "]\n")
	b.WriteString("# expires " + v.expires + "\n") // no SDK reads an expiry here; people do
	for _, x := range v.settings() {
		b.WriteString(x.name + " = " + x.value + "\n")
	}
	return b.Bytes()
}

// settings are the same values under the names of the shared files.
func (v values) settings() []variable {
	all := []variable{
		{"aws_access_key_id", v.keyID}, {"aws_secret_access_key", v.secret}, {"aws_session_token", v.token},
	}
	if v.region != "" {
		all = append(all, variable{"region", v.region})
	}
	return all
}

// configure reads the same in sh, fish, PowerShell and cmd, since nothing in it needs quotes.
func configure(v values) []byte {
	var b bytes.Buffer
	for _, x := range v.settings() {
		b.WriteString(" aws configure set " + x.name + " " + x.value + " --profile " + v.profile + "\n")
	}
	return b.Bytes()
}

// process is what SDKs read from a credential_process: Version is the number 1, Expiration is RFC 3339.
func process(v values) []byte {
	out, err := json.Marshal(struct {
		Version                                   int
		AccessKeyID                               string `json:"AccessKeyId"`
		SecretAccessKey, SessionToken, Expiration string
		AccountID                                 string `json:"AccountId"`
	}{1, v.keyID, v.secret, v.token, v.expires, v.account})
	if err != nil {
		return nil // strings and a number always marshal
	}
	return append(out, '\n')
}
