package main

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"godwit/internal/apikey"
)

// adminKey says where the admin key comes from.
type adminKey struct {
	given bool   // by the environment
	fresh bool   // made in this start
	file  string // where it is kept, unless it was given
}

// keepKeys fills in the keys that the environment left out with those of the
// data dir, which are made at the first start.
func (e *environment) keepKeys() error {
	if err := os.MkdirAll(e.own.DataDir, 0o700); err != nil {
		return fmt.Errorf("make GODWIT_DATA_DIR: %w", err)
	}
	if len(e.cfg.EncryptionKeys) == 0 {
		file := filepath.Join(e.own.DataDir, "encryption-key")
		key, _, err := keep(file, newEncryptionKey)
		if err != nil {
			return err
		}
		if err := e.cfg.EncryptionKeys.UnmarshalText([]byte(key)); err != nil {
			return fmt.Errorf("%s %w", file, err)
		}
	}
	if e.adminKey.given {
		return nil
	}
	var err error
	e.adminKey.file = filepath.Join(e.own.DataDir, "admin-key")
	e.cfg.AdminKey, e.adminKey.fresh, err = keep(e.adminKey.file, apikey.New)
	return err
}

func newEncryptionKey() string {
	key := make([]byte, 32)
	rand.Read(key) // never fails: crypto/rand ends the process instead
	return base64.StdEncoding.EncodeToString(key)
}

// keep reads a secret from file, making it when there is none; fresh says so.
func keep(file string, make func() string) (secret string, fresh bool, err error) {
	text, err := os.ReadFile(file)
	if err == nil && len(text) > 0 {
		return strings.TrimSpace(string(text)), false, nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", false, fmt.Errorf("read a kept key: %w", err)
	}
	secret = make()
	if err := os.WriteFile(file, []byte(secret+"\n"), 0o600); err != nil {
		return "", false, fmt.Errorf("keep a key: %w", err)
	}
	return secret, true, nil
}
