package mint_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fedbridge/fedbridge/bridge"
	"github.com/fedbridge/fedbridge/bridge/mint"
)

// keyFileOf gives the path of the file of the token key that there is.
func keyFileOf(t *testing.T, dir, use string) string {
	t.Helper()
	all, err := filepath.Glob(filepath.Join(dir, use+"-*.pem"))
	if err != nil || len(all) != 1 {
		t.Fatalf("%s key files: %v, %v", use, all, err)
	}
	return all[0]
}

func edit(t *testing.T, path string, change func(string) string) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(change(string(text))), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestDirRefuses: a directory or a file that others could have read or changed, or that isn't what it should be, is refused
// with what to do about it; no new key is made in its place, and nothing of it is shown.
func TestDirRefuses(t *testing.T) {
	other := func(t *testing.T) string { // a P-256 key of somebody else's
		t.Helper()
		private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		der, err := x509.MarshalPKCS8PrivateKey(private)
		if err != nil {
			t.Fatal(err)
		}
		return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	}
	must := func(t *testing.T, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	cases := map[string]struct {
		harm func(t *testing.T, dir, token, saml string)
		says []string
	}{
		"directory open to the group": {func(t *testing.T, dir, _, _ string) { must(t, os.Chmod(dir, 0o750)) }, []string{"mode 0750", "chmod 700"}},
		"directory open to all":       {func(t *testing.T, dir, _, _ string) { must(t, os.Chmod(dir, 0o701)) }, []string{"mode 0701", "chmod 700"}},
		"a file instead of a directory": {func(t *testing.T, dir, _, _ string) {
			must(t, os.RemoveAll(dir))
			must(t, os.WriteFile(dir, nil, 0o600))
		}, []string{"not a directory"}},
		"file open to the group": {func(t *testing.T, _, token, _ string) { must(t, os.Chmod(token, 0o640)) }, []string{"mode 0640", "chmod 600", "keys rotate"}},
		"file open to all":       {func(t *testing.T, _, _, saml string) { must(t, os.Chmod(saml, 0o604)) }, []string{"mode 0604", "chmod 600"}},
		"a link": {func(t *testing.T, dir, token, _ string) {
			must(t, os.Rename(token, dir+".elsewhere"))
			must(t, os.Symlink(dir+".elsewhere", token))
		}, []string{"symbolic link"}},
		"a directory instead of a file": {func(t *testing.T, _, token, _ string) {
			must(t, os.Remove(token))
			must(t, os.Mkdir(token, 0o700))
		}, []string{"not a regular file"}},
		"garbage": {func(t *testing.T, _, token, _ string) { must(t, os.WriteFile(token, []byte("garbage"), 0o600)) }, []string{"not PEM", "backup"}},
		"empty":   {func(t *testing.T, _, token, _ string) { must(t, os.WriteFile(token, nil, 0o600)) }, []string{"no PRIVATE KEY", "backup"}},
		"garbage in PEM": {func(t *testing.T, _, token, _ string) {
			edit(t, token, func(s string) string { return strings.Replace(s, "M", "N", 1) })
		}, []string{"PKCS #8"}},
		"another key": {func(t *testing.T, _, token, _ string) { edit(t, token, func(string) string { return other(t) }) }, []string{"another one"}},
		"two keys":    {func(t *testing.T, _, token, _ string) { edit(t, token, func(s string) string { return s + s }) }, []string{"one PRIVATE KEY"}},
		"an old format": {func(t *testing.T, _, token, _ string) {
			edit(t, token, func(s string) string { return strings.ReplaceAll(s, " PRIVATE", " EC PRIVATE") })
		}, []string{"EC PRIVATE KEY", "PKCS #8"}},
		"no certificate": {func(t *testing.T, _, _, saml string) {
			edit(t, saml, func(s string) string { return s[:strings.Index(s, "-----BEGIN CERT")] })
		}, []string{"certificate"}},
		"text behind": {func(t *testing.T, _, token, _ string) { edit(t, token, func(s string) string { return s + "\nx" }) }, []string{"not PEM"}},
		"endless": {func(t *testing.T, _, token, _ string) {
			edit(t, token, func(s string) string { return strings.Repeat(s, 1000) })
		}, []string{"bytes"}},
		"somebody else's": {func(t *testing.T, _, token, _ string) { must(t, os.Chown(token, 12345, -1)) }, []string{"belongs to user 12345"}},
	}
	for name, c := range cases {
		for _, known := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, record %v", name, known), func(t *testing.T) {
				if strings.Contains(name, "somebody") && os.Geteuid() != 0 {
					t.Skip("only root can give files away")
				}
				w := newRingWorld(t)
				saml := ""
				without := func(c *mint.RingConfig) { c.SAMLDir = "" } // which takes time
				if name == "file open to all" || name == "no certificate" {
					without = func(*mint.RingConfig) {}
				}
				step(t, w.open(without))
				if all, _ := filepath.Glob(filepath.Join(w.dir, "saml-*")); len(all) == 1 {
					saml = all[0]
				}
				c.harm(t, w.dir, keyFileOf(t, w.dir, "token"), saml)
				if !known { // as on a first start with a directory from elsewhere
					w.state = newMemoryState()
				}
				before := ""
				if all, err := os.ReadDir(w.dir); err == nil {
					before = fmt.Sprint(all)
				}
				_, err := w.tryOpen(without)
				if err == nil {
					t.Fatal("it was taken")
				}
				for _, word := range c.says {
					if !strings.Contains(err.Error(), word) {
						t.Errorf("%q doesn't say %q", err, word)
					}
				}
				if strings.Contains(err.Error(), "MIG") {
					t.Errorf("%q shows a part of the key", err)
				}
				if all, err := os.ReadDir(w.dir); err == nil && before != fmt.Sprint(all) {
					t.Errorf("files were %s and are %v", before, all)
				}
			})
		}
	}
}

// A file that isn't there may be restored: the ring opens, says what is missing, signs nothing by that key, and all is well
// once it is back.
func TestDirMissing(t *testing.T) {
	w := newRingWorld(t)
	r := w.open()
	step(t, r)
	file := keyFileOf(t, w.dir, "token")
	if err := os.Rename(file, w.dir+".away"); err != nil {
		t.Fatal(err)
	}
	r = w.open()
	_, err := r.Current(mint.UseToken)
	if bridge.CodeOf(err) != bridge.CodeIssuerKey || !strings.Contains(err.Error(), file) || !strings.Contains(err.Error(), "restore") {
		t.Fatal(err)
	}
	keys, err := r.List(t.Context())
	if err != nil || !strings.Contains(keys[0].Problem+keys[1].Problem, "restore") {
		t.Errorf("list: %+v, %v", keys, err)
	}
	current(t, r, mint.UseSAML)
	if err := os.Rename(w.dir+".away", file); err != nil {
		t.Fatal(err)
	}
	step(t, r)
	current(t, r, mint.UseToken)
}

// After the store was lost, the keys of the directory are taken up: every account goes on trusting the SAML certificate. A
// token key must be read back anew.
func TestDirAdopted(t *testing.T) {
	w := newRingWorld(t)
	r := w.open()
	step(t, r)
	token, saml := current(t, r, mint.UseToken).ID, current(t, r, mint.UseSAML)
	w.clock.pass(24 * time.Hour)
	if _, _, err := r.Rotate(t.Context(), mint.UseSAML); err != nil {
		t.Fatal(err)
	}
	w.state = newMemoryState()
	r = w.open()
	if _, err := r.Current(mint.UseToken); bridge.CodeOf(err) != bridge.CodeIssuerKey {
		t.Fatal("signs without having been read back")
	}
	step(t, r)
	if now := current(t, r, mint.UseSAML); now.ID != saml.ID || !now.Certificate.Equal(saml.Certificate) || current(t, r, mint.UseToken).ID != token {
		t.Error("other keys than before")
	}
	if w.audit.told(token, "taken up from the directory") != 1 {
		t.Errorf("audited: %+v", w.audit.lines)
	}
	wantStates(t, r, mint.UseSAML, "active", "stray")
	if _, ids := states(t, r, mint.UseSAML); true {
		if _, err := r.Retire(t.Context(), ids[1], false); err != nil {
			t.Fatal(err)
		}
	}
	wantStates(t, r, mint.UseSAML, "active")
}

// What a crash left half written goes away, and a key that was retired never comes back, whatever a backup brings.
func TestDirSweep(t *testing.T) {
	w := newRingWorld(t)
	r := w.open(func(c *mint.RingConfig) { c.PublishAhead = 0 })
	step(t, r)
	half, fresh := filepath.Join(w.dir, ".new-HALF"), filepath.Join(w.dir, ".new-FRESH")
	for _, path := range []string{half, fresh} {
		if err := os.WriteFile(path, []byte("-----BEGIN"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for path, at := range map[string]time.Time{half: w.clock.now().Add(-2 * time.Hour), fresh: w.clock.now().Add(2 * time.Hour)} {
		if err := os.Chtimes(path, at, at); err != nil {
			t.Fatal(err)
		}
	}
	file := keyFileOf(t, w.dir, "token")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := r.Rotate(t.Context(), mint.UseToken); err != nil {
		t.Fatal(err)
	}
	step(t, r)
	w.clock.pass(2 * time.Hour)
	step(t, r)
	if err := os.WriteFile(file, text, 0o600); err != nil { // from a backup
		t.Fatal(err)
	}
	r = w.open()
	step(t, r)
	files := keyFiles(t, w.dir)
	if slices.Contains(files, ".new-HALF") || !slices.Contains(files, ".new-FRESH") || slices.Contains(files, filepath.Base(file)) {
		t.Errorf("files are %v", files)
	}
	wantStates(t, r, mint.UseToken, "active", "retired")
}

// Looking makes nothing: neither directory, nor key, nor record.
func TestReadOnly(t *testing.T) {
	w := newRingWorld(t)
	r := w.open(func(c *mint.RingConfig) { c.ReadOnly = true })
	if err := r.Step(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(w.dir); !os.IsNotExist(err) {
		t.Error("the directory was made")
	}
	if _, _, err := r.Rotate(t.Context(), mint.UseToken); err == nil {
		t.Error("a key was made")
	}
	if docs := r.Documents(); docs.JWKS != nil || docs.Metadata != nil || docs.Discovery == nil {
		t.Errorf("published: %+v", docs)
	}
	if len(w.state.values) != 0 || r.Ready(t.Context()) == nil {
		t.Error("something was made, or is there")
	}
}

// The directory is made for whoever owns it, also by root.
func TestDirOwner(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root makes files for others")
	}
	w := newRingWorld(t)
	if err := os.Mkdir(w.dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Chown(w.dir, 12345, 12345); err != nil {
		t.Fatal(err)
	}
	step(t, w.open())
	for _, name := range keyFiles(t, w.dir) {
		info, err := os.Stat(filepath.Join(w.dir, name))
		if err != nil || ownerOf(info) != 12345 {
			t.Errorf("%s belongs to %d", name, ownerOf(info))
		}
	}
}
