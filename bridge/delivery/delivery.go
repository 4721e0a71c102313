package delivery

import (
	"fmt"
	"regexp"
	"time"

	"github.com/fedbridge/fedbridge/bridge"
)

// ID names a format; it stands in URLs and forms.
type ID string

// The formats.
const (
	Bash       ID = "bash"
	Fish       ID = "fish"
	PowerShell ID = "powershell"
	Cmd        ID = "cmd"
	DotEnv     ID = "env"
	Profile    ID = "profile"
	Configure  ID = "configure"
	Process    ID = "json"
)

// Format is one form in which credentials can be had.
type Format struct {
	ID    ID
	Label string // for people
	Ext   string // of the file name, with its dot
	MIME  string
	Hint  string // what to do with it, in one sentence

	write func(values) []byte
}

const text = "text/plain; charset=utf-8"

var formats = []Format{
	{Bash, "bash, zsh, sh", ".sh", text, "Paste it into the shell, or source the file.", bash},
	{Fish, "fish", ".fish", text, "Paste it into the shell, or source the file.", fish},
	{PowerShell, "PowerShell", ".ps1", text, "Paste it into PowerShell, or dot-source the file.", powerShell},
	{Cmd, "Windows cmd", ".cmd", text, "Paste it into the command prompt, or call the file.", cmd},
	{DotEnv, ".env file", ".env", text, "For docker --env-file, Compose and tools that read .env files.", dotEnv},
	{Profile, "~/.aws/credentials", ".ini", text, "Add it to ~/.aws/credentials, then use --profile.", profile},
	{Configure, "aws configure", ".txt", text, "Paste it into any shell; the AWS CLI writes the profile.", configure},
	{Process, "JSON", ".json", "application/json", "What a `credential_process` prints: the AWS CLI and SDKs read it.", process},
}

// Formats lists the formats, in the order to show them.
func Formats() []Format { return append([]Format(nil), formats...) }

// Lookup finds a format.
func Lookup(id ID) (Format, bool) {
	for _, f := range formats {
		if f.ID == id {
			return f, true
		}
	}
	return Format{}, false
}

// Input is what to write.
type Input struct {
	Credentials bridge.Credentials
	Profile     string // name of the profile; "" for one made of account and role
	Region      string // "" for none
}

// values are an Input that was checked.
type values struct {
	keyID, secret, token string
	expires              string // RFC 3339, UTC
	account              string
	profile              string
	region               string
}

// The alphabets that AWS uses. What lies outside is refused: a value that no format can misread needs no trust in any
// format's quoting.
var (
	keyIDText  = regexp.MustCompile(`^[A-Za-z0-9_]{16,128}$`)
	base64Text = regexp.MustCompile(`^[A-Za-z0-9+/=]+$`)
)

// Render writes credentials in a format. It fails with CodeBadRequest for an unknown format, CodeRegion for a region of
// another partition, and CodeSTSAnswer for a value that is not of AWS's alphabet.
func Render(id ID, in Input) ([]byte, error) {
	f, ok := Lookup(id)
	if !ok {
		return nil, bridge.Fail(bridge.CodeBadRequest, fmt.Errorf("delivery: no format %.20q", id))
	}
	v, err := check(in)
	if err != nil {
		return nil, err
	}
	return f.write(v), nil
}

func check(in Input) (values, error) {
	c := in.Credentials
	v := values{
		keyID: c.AccessKeyID, secret: c.SecretAccessKey.Reveal(), token: c.SessionToken.Reveal(),
		expires: c.Expires.UTC().Format(time.RFC3339), account: c.Role.ARN.Account, region: in.Region,
	}
	// The cause names the value, and never shows it.
	switch {
	case !keyIDText.MatchString(v.keyID):
		return values{}, unusable("access key id")
	case !base64Text.MatchString(v.secret):
		return values{}, unusable("secret access key")
	case !base64Text.MatchString(v.token):
		return values{}, unusable("session token")
	case c.Expires.IsZero() || c.Expires.Year() > 9999:
		return values{}, unusable("expiry")
	case !bridge.ValidAccountID(v.account):
		return values{}, unusable("account id")
	}
	if v.region != "" {
		if p, ok := bridge.PartitionByID(c.Role.ARN.Partition); !ok || !p.HasRegion(v.region) {
			return values{}, bridge.Fail(bridge.CodeRegion, nil)
		}
	}
	v.profile = safe(in.Profile)
	if v.profile == "" {
		v.profile = name(c.Role.Account.Name, c.Role.Key.Name)
	}
	return v, nil
}

func unusable(what string) error {
	return bridge.Fail(bridge.CodeSTSAnswer, fmt.Errorf("delivery: the %s has characters that AWS doesn't use", what))
}
