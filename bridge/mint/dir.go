package mint

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"time"
)

// keyDir is a directory with key files: 0600, in a directory of 0700, both belonging to who runs fedbridge.
type keyDir struct {
	path string
	uid  int // who runs fedbridge
}

// maxKeyFile bounds what is read of a key file.
const maxKeyFile = 64 << 10

const (
	pemKey         = "PRIVATE KEY" // PKCS #8
	pemCertificate = "CERTIFICATE"
)

var keyFile = regexp.MustCompile(`^(token|saml)-(RS256|ES256)-([a-z2-7]{26})\.pem$`)

// newFile begins the name of a file that is being written.
const newFile = ".new-"

func fileName(use Use, algorithm, id string) string {
	return string(use) + "-" + algorithm + "-" + id + ".pem"
}

// openKeyDir looks at a directory, and makes it where it isn't there, unless it is only being looked at.
func openKeyDir(path string, readOnly bool) (keyDir, error) {
	absolute, err := filepath.Abs(path)
	if err != nil {
		return keyDir{}, err
	}
	d := keyDir{path: absolute, uid: os.Geteuid()}
	if _, err := os.Lstat(absolute); errors.Is(err, fs.ErrNotExist) {
		if readOnly {
			return d, nil
		}
		if err := os.MkdirAll(absolute, 0o700); err != nil {
			return keyDir{}, fmt.Errorf("the directory can't be made: %w: make it for the user that runs fedbridge: install -d -m 700 -o USER %s", err, absolute)
		}
	}
	info, err := os.Stat(absolute)
	if err != nil {
		return keyDir{}, err
	}
	owner := ownerOf(info)
	switch {
	case !info.IsDir():
		return keyDir{}, fmt.Errorf("%s is not a directory: fedbridge makes its keys in one", absolute)
	case owner != d.uid && d.uid != 0:
		return keyDir{}, fmt.Errorf("%s belongs to user %d, who could change the keys, and fedbridge runs as user %d: chown it to that user", absolute, owner, d.uid)
	case info.Mode().Perm()&0o077 != 0:
		return keyDir{}, fmt.Errorf("%s has mode %04o, so that others could read or change the keys: chmod 700 %s", absolute, info.Mode().Perm(), absolute)
	}
	d.uid = owner // root makes keys for the one who owns the directory
	return d, nil
}

func ownerOf(info fs.FileInfo) int {
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		return int(stat.Uid)
	}
	return -1
}

// read reads a key file, and refuses one that somebody else could have read or put there.
func (d keyDir) read(name string) (crypto.Signer, *x509.Certificate, error) {
	path := filepath.Join(d.path, name)
	// Not through a link, and what was checked is what is read.
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
	if errors.Is(err, syscall.ELOOP) {
		return nil, nil, fmt.Errorf("%s is a symbolic link: put the key file itself there", path)
	}
	if errors.Is(err, fs.ErrPermission) {
		return nil, nil, fmt.Errorf("%w: fedbridge runs as user %d: chown it to that user", err, os.Geteuid())
	}
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, nil, err
	}
	switch owner := ownerOf(info); {
	case !info.Mode().IsRegular():
		return nil, nil, fmt.Errorf("%s is not a regular file", path)
	case owner != d.uid && owner != os.Geteuid():
		return nil, nil, fmt.Errorf("%s belongs to user %d, not to user %d, whom the directory belongs to: see who put it there; chown it if it is yours", path, owner, d.uid)
	case info.Mode().Perm()&0o077 != 0:
		return nil, nil, fmt.Errorf("%s has mode %04o: others could have read the key. chmod 600 it, and if they may have, rotate and retire it (`fedbridge keys rotate`, `fedbridge keys retire`)", path, info.Mode().Perm())
	case info.Size() > maxKeyFile:
		return nil, nil, fmt.Errorf("%s has %d bytes: that is no key", path, info.Size())
	}
	text, err := io.ReadAll(io.LimitReader(f, maxKeyFile))
	if err != nil {
		return nil, nil, err
	}
	private, certificate, err := parseKeyFile(name, text)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", path, err)
	}
	return private, certificate, nil
}

// parseKeyFile reads a private key and, for SAML, its certificate, and nothing else. The name says which key it must be.
func parseKeyFile(name string, text []byte) (crypto.Signer, *x509.Certificate, error) {
	var private crypto.Signer
	var certificate *x509.Certificate
	for rest := text; len(strings.TrimSpace(string(rest))) > 0; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			return nil, nil, errors.New("what follows is not PEM: restore the file from a backup, or rotate the key")
		}
		switch {
		case block.Type == pemKey && private == nil:
			key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
			if err != nil {
				return nil, nil, errors.New("the private key can't be parsed as PKCS #8: restore the file from a backup, or rotate the key")
			}
			var ok bool
			if private, ok = key.(crypto.Signer); !ok {
				return nil, nil, fmt.Errorf("a %T doesn't sign", key)
			}
		case block.Type == pemCertificate && certificate == nil:
			var err error
			if certificate, err = x509.ParseCertificate(block.Bytes); err != nil {
				return nil, nil, fmt.Errorf("the certificate can't be parsed: %w", err)
			}
		default:
			return nil, nil, fmt.Errorf("%q: a key file has one %s (PKCS #8) and, for SAML, one %s", block.Type, pemKey, pemCertificate)
		}
	}
	if private == nil {
		return nil, nil, fmt.Errorf("no %s in it (PKCS #8): restore the file from a backup, or rotate the key", pemKey)
	}
	return private, certificate, matchesName(name, private, certificate)
}

// matchesName: a file is named for the key that is in it, so that no key is taken for another.
func matchesName(name string, private crypto.Signer, certificate *x509.Certificate) error {
	public, err := jwkOf(private.Public())
	if err != nil {
		return err
	}
	part := keyFile.FindStringSubmatch(name)
	switch {
	case part == nil:
		return errors.New("the name is not that of a key file")
	case part[2] != public.Algorithm:
		return fmt.Errorf("the key signs by %s, and the name says %s", public.Algorithm, part[2])
	case part[3] != public.ID:
		return fmt.Errorf("the key in it is %s: somebody has put another one there", public.ID)
	case Use(part[1]) == UseSAML && (certificate == nil || !sameKey(private.Public(), certificate.PublicKey)):
		return errors.New("the certificate of the key is missing, or is another key's")
	case Use(part[1]) == UseToken && certificate != nil:
		return errors.New("a token key has no certificate")
	}
	return nil
}

// write puts a new key file there, all of it or nothing: it is on the disk before anybody knows of the key.
func (d keyDir) write(name string, private crypto.Signer, certificate []byte) error {
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return err
	}
	text := pem.EncodeToMemory(&pem.Block{Type: pemKey, Bytes: der})
	if certificate != nil {
		text = append(text, pem.EncodeToMemory(&pem.Block{Type: pemCertificate, Bytes: certificate})...)
	}
	temp := filepath.Join(d.path, newFile+rand.Text())
	if err := d.writeNew(temp, text); err != nil {
		os.Remove(temp)
		return err
	}
	if err := os.Rename(temp, filepath.Join(d.path, name)); err != nil {
		os.Remove(temp)
		return err
	}
	return d.sync()
}

func (d keyDir) writeNew(path string, text []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := f.Chmod(0o600); err != nil { // whatever the umask is
		return err
	}
	if os.Geteuid() == 0 && d.uid != 0 { // `keys rotate` by root, for a serve that isn't
		if err := f.Chown(d.uid, -1); err != nil {
			return err
		}
	}
	if _, err := f.Write(text); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	return f.Close()
}

// sync makes renames and removals survive a power failure.
func (d keyDir) sync() error {
	f, err := os.Open(d.path)
	if err != nil {
		return err
	}
	defer f.Close()
	return f.Sync()
}

// remove deletes a key file. It is no error where there is none.
func (d keyDir) remove(name string) error {
	err := os.Remove(filepath.Join(d.path, name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return d.sync()
}

// names lists the key files.
func (d keyDir) names() ([]string, error) {
	all, err := os.ReadDir(d.path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var names []string
	for _, one := range all {
		if keyFile.MatchString(one.Name()) {
			names = append(names, one.Name())
		}
	}
	return names, nil
}

// newer tells whether a file was written after another one.
func (d keyDir) newer(name, than string) bool {
	a, errA := os.Stat(filepath.Join(d.path, name))
	b, errB := os.Stat(filepath.Join(d.path, than))
	return errA == nil && errB == nil && a.ModTime().After(b.ModTime())
}

// sweep deletes what a crash left half written: it may be half a private key.
func (d keyDir) sweep(now time.Time) error {
	all, err := os.ReadDir(d.path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	var failed []error
	for _, one := range all {
		info, err := one.Info()
		if err == nil && strings.HasPrefix(one.Name(), newFile) && now.Sub(info.ModTime()) > time.Hour {
			failed = append(failed, d.remove(one.Name()))
		}
	}
	return errors.Join(failed...)
}

// signer signs by a private key at hand.
func signer(private crypto.Signer) func(digest []byte) ([]byte, error) {
	return func(digest []byte) ([]byte, error) { return private.Sign(rand.Reader, digest, crypto.SHA256) }
}

// verify checks a signature of a SHA-256 digest.
func verify(public crypto.PublicKey, digest, signature []byte) error {
	switch public := public.(type) {
	case *rsa.PublicKey:
		return rsa.VerifyPKCS1v15(public, crypto.SHA256, digest, signature)
	case *ecdsa.PublicKey:
		if ecdsa.VerifyASN1(public, digest, signature) {
			return nil
		}
	}
	return errors.New("the signature is not the key's")
}
