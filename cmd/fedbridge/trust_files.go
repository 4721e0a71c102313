package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/bridge/trust"
)

// Bounds of a directory of policies: what somebody points at by mistake must not fill the memory.
const (
	maxPolicyFile  = 4 << 20
	maxPolicyFiles = 20_000
)

// fileSource is what accounts hold, from files: DIR/ACCOUNT/NAME.json, each a trust policy or what the aws CLI printed.
type fileSource struct {
	dir      string
	roles    map[string]fileRole        // by account id and role name
	oidc     map[string]trust.FoundOIDC // by account id and URL without scheme
	saml     map[string]trust.FoundSAML // by account id and provider name
	ignored  []string                   // what was there and is not used, and why
	accounts map[string]string          // name or id -> id
}

type fileRole struct {
	path  string // below dir
	arn   string // as the file says; "" for a bare policy
	found trust.FoundRole
}

// readPolicies reads a directory. A file that can't be used is no fault of the others.
func readPolicies(dir string, accounts []bridge.Account) (*fileSource, error) {
	s := &fileSource{
		dir: dir, roles: map[string]fileRole{}, oidc: map[string]trust.FoundOIDC{}, saml: map[string]trust.FoundSAML{},
		accounts: map[string]string{},
	}
	for _, a := range accounts {
		s.accounts[a.ID], s.accounts[a.Name] = a.ID, a.ID
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		id, known := s.accounts[e.Name()]
		switch {
		case !e.IsDir():
			s.ignore(e.Name(), "files belong into a folder named for their account")
		case !known:
			s.ignore(e.Name(), "no account of this name or id is configured")
		default:
			if err := s.readAccount(id, e.Name()); err != nil {
				return nil, err
			}
		}
	}
	return s, nil
}

func (s *fileSource) ignore(path, why string) { s.ignored = append(s.ignored, path+": "+why) }

func (s *fileSource) readAccount(id, folder string) error {
	count := 0
	return filepath.WalkDir(filepath.Join(s.dir, folder), func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		if count++; count > maxPolicyFiles {
			return fmt.Errorf("%s: more than %d files", filepath.Join(s.dir, folder), maxPolicyFiles)
		}
		short, err := filepath.Rel(s.dir, path)
		if err != nil {
			return err
		}
		name, isJSON := strings.CutSuffix(e.Name(), ".json")
		if !isJSON {
			s.ignore(short, "not a .json file")
			return nil
		}
		text, err := readBounded(path)
		if err != nil {
			s.unusable(id, name, short, err)
			return nil
		}
		s.take(id, name, short, text)
		return nil
	})
}

func readBounded(path string) ([]byte, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, errors.New("not a file")
	case info.Size() > maxPolicyFile:
		return nil, fmt.Errorf("larger than %d MiB", maxPolicyFile>>20)
	}
	return os.ReadFile(path)
}

// unusable keeps why a file can't be used, for the role that it would be about by its name.
func (s *fileSource) unusable(id, name, path string, err error) {
	s.roles[id+"/"+name] = fileRole{path: path, found: trust.FoundRole{Reading: trust.Unreadable, Why: path + ": " + err.Error()}}
}

// take tells by its content what a file is.
func (s *fileSource) take(id, name, path string, text []byte) {
	var top map[string]json.RawMessage
	if err := json.Unmarshal(text, &top); err != nil {
		s.unusable(id, name, path, errors.New("not a JSON object"))
		return
	}
	has := func(key string) bool { _, ok := top[key]; return ok }
	var err error
	switch {
	case has("Role"):
		err = s.takeRole(id, path, top["Role"])
	case has("Statement"):
		s.roles[id+"/"+name] = fileRole{path: path, found: trust.FoundRole{Reading: trust.Read, TrustPolicy: text}}
	case has("SAMLMetadataDocument"):
		err = s.takeSAML(id, name, text)
	case has("ClientIDList"):
		err = s.takeOIDC(id, text)
	default:
		err = errors.New("neither a trust policy nor what aws iam get-role, get-saml-provider or get-open-id-connect-provider prints")
	}
	if err != nil {
		s.unusable(id, name, path, err)
	}
}

func (s *fileSource) takeRole(id, path string, raw []byte) error {
	var r struct {
		Arn, RoleName            string
		AssumeRolePolicyDocument json.RawMessage
		MaxSessionDuration       int
	}
	if err := json.Unmarshal(raw, &r); err != nil || r.RoleName == "" {
		return errors.New("not what aws iam get-role prints")
	}
	document := []byte(r.AssumeRolePolicyDocument)
	var encoded string // as the API has it; the CLI decodes it
	if json.Unmarshal(document, &encoded) == nil {
		decoded, err := url.PathUnescape(encoded)
		if err != nil {
			return errors.New("the trust policy in it is not percent-encoded rightly")
		}
		document = []byte(decoded)
	}
	s.roles[id+"/"+r.RoleName] = fileRole{path: path, arn: r.Arn, found: trust.FoundRole{
		Reading: trust.Read, TrustPolicy: document, MaxSession: time.Duration(r.MaxSessionDuration) * time.Second,
	}}
	return nil
}

func (s *fileSource) takeSAML(id, name string, text []byte) error {
	var p struct {
		SAMLMetadataDocument, AssertionEncryptionMode, SAMLProviderUUID string
		ValidUntil                                                      time.Time
		PrivateKeyList                                                  []any
	}
	if err := json.Unmarshal(text, &p); err != nil {
		return errors.New("not what aws iam get-saml-provider prints")
	}
	s.saml[id+"/"+name] = trust.FoundSAML{
		Reading: trust.Read, Metadata: []byte(p.SAMLMetadataDocument), ValidUntil: p.ValidUntil,
		EncryptionMode: p.AssertionEncryptionMode, UUID: p.SAMLProviderUUID, PrivateKeys: len(p.PrivateKeyList),
	}
	return nil
}

func (s *fileSource) takeOIDC(id string, text []byte) error {
	var p struct {
		Url          string
		ClientIDList []string
	}
	if err := json.Unmarshal(text, &p); err != nil || p.Url == "" {
		return errors.New("not what aws iam get-open-id-connect-provider prints")
	}
	s.oidc[id+"/"+strings.TrimPrefix(p.Url, "https://")] = trust.FoundOIDC{Reading: trust.Read, URL: p.Url, ClientIDs: p.ClientIDList}
	return nil
}

// Found implements trustSource. What no file is about was not looked at; a role without a file is said so.
func (s *fileSource) Found(_ context.Context, n trust.Need) trust.Found {
	arn := n.Role.ARN
	var f trust.Found
	role, ok := s.roles[arn.Account+"/"+arn.Name]
	other, err := bridge.ParseRoleARN(role.arn)
	switch {
	case !ok:
		f.Role = trust.FoundRole{Reading: trust.Unreadable, Why: "there is no file " + filepath.Join(s.dir, arn.Account, arn.Name+".json")}
	case role.arn == "" || role.arn == arn.String():
		f.Role = role.found
	case err == nil && other.Account == arn.Account && other.Partition == arn.Partition:
		f.Role = trust.FoundRole{Reading: trust.Missing, Why: "the role's ARN is " + role.arn}
	default:
		f.Role = trust.FoundRole{Reading: trust.Unreadable, Why: fmt.Sprintf("%s is about %q", role.path, role.arn)}
	}
	provider := n.ProviderARN()
	if _, name, ok := strings.Cut(provider, ":oidc-provider/"); ok {
		f.OIDC = s.oidc[arn.Account+"/"+name]
	}
	if _, name, ok := strings.Cut(provider, ":saml-provider/"); ok {
		f.SAML = s.saml[arn.Account+"/"+name]
	}
	return f
}

// strangers names files that are about no configured role.
func (s *fileSource) strangers(roles []bridge.Role) []string {
	known := map[string]bool{}
	for _, r := range roles {
		known[r.ARN.Account+"/"+r.ARN.Name] = true
	}
	var all []string
	for key, role := range s.roles {
		switch {
		case known[key]:
		case role.found.Reading == trust.Unreadable:
			all = append(all, role.found.Why)
		default:
			all = append(all, role.path+": no configured role has this name there")
		}
	}
	all = append(all, s.ignored...)
	slices.Sort(all)
	return all
}
