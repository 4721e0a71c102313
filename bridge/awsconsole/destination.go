package awsconsole

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"

	"github.com/fedbridge/fedbridge/bridge"
)

// maxDestination bounds a destination: with the token, the login URL must fit into what browsers and servers take.
const maxDestination = 2048

// services are hosts of single services directly below the console's host. AWS may have more; each is added when
// somebody has seen it.
var services = map[string]bool{"s3": true}

// multiSession is the first label of a console host when several sessions are open at once: ACCOUNT-SUFFIX.
var multiSession = regexp.MustCompile(`^([0-9]{12})-[a-z0-9]{1,40}$`)

// Check tells whether the destination is a console page of the role's partition: see bridge.ConsoleLinker (threat W8).
func (l *Linker) Check(role bridge.Role, to bridge.Destination) error {
	_, err := l.destination(role, to)
	return err
}

// destination gives the URL to land on, checked and written in one canonical way.
func (l *Linker) destination(role bridge.Role, to bridge.Destination) (string, error) {
	p, ok := bridge.PartitionByID(role.ARN.Partition)
	if !ok {
		return "", bridge.FailWith(bridge.CodeRegion, role.ARN.Partition, nil)
	}
	if to.Region != "" && !p.HasRegion(to.Region) {
		return "", bridge.FailWith(bridge.CodeRegion, clip(to.Region), nil)
	}
	if to.URL == "" {
		region := to.Region
		if region == "" {
			region = l.config.region(role, p)
		}
		return "https://" + region + "." + p.ConsoleHost + "/console/home?region=" + region, nil
	}
	return checkURL(to.URL, role, p)
}

// checkURL reads a URL that came from outside. What two readers could read differently is refused rather than mended:
// backslashes, control characters, userinfo, a port, anything that is not ASCII.
func checkURL(raw string, role bridge.Role, p bridge.Partition) (string, error) {
	refuse := func(why string) (string, error) {
		return "", bridge.FailWith(bridge.CodeConsoleTarget, p.ConsoleHost, errors.New("console destination: "+why))
	}
	if len(raw) > maxDestination {
		return refuse("longer than 2048 characters")
	}
	for i := range len(raw) {
		if c := raw[i]; c <= ' ' || c >= 0x7f || c == '\\' {
			return refuse(fmt.Sprintf("holds byte %#02x", c))
		}
	}
	u, err := url.Parse(raw)
	switch {
	case err != nil:
		return refuse("not a URL")
	case u.Scheme != "https" || u.Opaque != "":
		return refuse("not https")
	case u.User != nil:
		return refuse("holds a user name")
	case u.Port() != "" || strings.HasSuffix(u.Host, ":"):
		return refuse("names a port")
	case u.Path != "" && !strings.HasPrefix(u.Path, "/"):
		return refuse("path does not begin with a slash")
	}
	u.Host = strings.ToLower(u.Host)
	if why := consoleHost(u.Host, role, p); why != "" {
		return refuse(why)
	}
	if err := checkRegion(u, p); err != nil {
		return "", err
	}
	// Fragment included: Values.Encode writes it percent-encoded, once, into the login URL.
	return u.String(), nil
}

// consoleHost tells what is wrong with a host; "" if nothing is. These are the console's hosts, label by label:
//
//	CONSOLE   REGION.CONSOLE   SERVICE.CONSOLE   ACCOUNT-SUFFIX.REGION.CONSOLE
func consoleHost(host string, role bridge.Role, p bridge.Partition) string {
	if host == p.ConsoleHost {
		return ""
	}
	before, ok := strings.CutSuffix(host, "."+p.ConsoleHost)
	if !ok {
		return "not a host of the partition's console"
	}
	labels := strings.Split(before, ".")
	switch {
	case len(labels) == 1 && (p.HasRegion(labels[0]) || services[labels[0]]):
		return ""
	case len(labels) != 2 || !p.HasRegion(labels[1]):
		return "not a host of the partition's console"
	}
	// With several sessions in one browser the account is part of the host; another account's pages are no use to this
	// role, and a link that looks like one of another account misleads.
	match := multiSession.FindStringSubmatch(labels[0])
	if match == nil {
		return "not a host of the partition's console"
	}
	if match[1] != role.ARN.Account {
		return "a page of another account"
	}
	return ""
}

// checkRegion: a region in the query must be one of the partition. It may differ from the host's: global services are
// served from one region whatever the query says.
func checkRegion(u *url.URL, p bridge.Partition) error {
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return bridge.FailWith(bridge.CodeConsoleTarget, p.ConsoleHost, errors.New("console destination: query can't be read"))
	}
	for _, region := range query["region"] {
		if region != "" && !p.HasRegion(region) {
			return bridge.FailWith(bridge.CodeRegion, clip(region), nil)
		}
	}
	return nil
}

// clip keeps what a person typed from filling the page that refuses it.
func clip(s string) string {
	if len(s) > 40 {
		return strings.ToValidUTF8(s[:40], "") + "…"
	}
	return s
}
