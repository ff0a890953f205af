package cli

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"
)

// DefaultProfile is the profile that is used where none is named.
const DefaultProfile = "default"

// Profile is how one installation is called. The key is used for this URL alone.
type Profile struct {
	URL string `toml:"url"`
	Key string `toml:"key,omitempty"`
	// KeyID is the id of a key that godwit login had made; logout revokes it.
	KeyID string `toml:"key_id,omitempty"`
}

// Profiles is the file of profiles.
type Profiles struct {
	Path string             `toml:"-"`
	All  map[string]Profile `toml:"profile"`
}

// ProfilesPath is where the file of profiles is, by the environment.
func ProfilesPath(getenv func(string) string) (string, error) {
	if dir := getenv("XDG_CONFIG_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "godwit", "config.toml"), nil
	}
	if home := getenv("HOME"); home != "" {
		return filepath.Join(home, ".config", "godwit", "config.toml"), nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", &Failure{Code: ExitUsage, What: "there is no home directory for config.toml", Next: "set HOME or XDG_CONFIG_HOME"}
	}
	return filepath.Join(home, ".config", "godwit", "config.toml"), nil
}

// ReadProfiles reads the file at path; one that is not there has no profiles.
func ReadProfiles(path string) (*Profiles, error) {
	p := &Profiles{Path: path, All: map[string]Profile{}}
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return p, nil
	}
	if err != nil {
		return nil, &Failure{Code: ExitUsage, What: "the profiles can't be read", Why: err.Error()}
	}
	err = toml.NewDecoder(bytes.NewReader(text)).DisallowUnknownFields().Decode(p)
	if err != nil {
		return nil, &Failure{Code: ExitUsage, What: path + " is not a file of profiles", Why: tomlFault(err),
			Next: "a profile is [profile.NAME] with url and key"}
	}
	if p.All == nil {
		p.All = map[string]Profile{}
	}
	return p, nil
}

// tomlFault says where the file is wrong; it repeats no line of it, which may be that
// of a key.
func tomlFault(err error) string {
	var unknown *toml.StrictMissingError
	if errors.As(err, &unknown) && len(unknown.Errors) > 0 {
		row, _ := unknown.Errors[0].Position()
		return fmt.Sprintf("line %d: %s is not known", row, strings.Join(unknown.Errors[0].Key(), "."))
	}
	var wrong *toml.DecodeError
	if errors.As(err, &wrong) {
		row, column := wrong.Position()
		return fmt.Sprintf("line %d, column %d is not TOML", row, column)
	}
	return "it is not TOML"
}

// Exposed says whether other users of the machine may read the file.
func (p *Profiles) Exposed() bool {
	info, err := os.Stat(p.Path)
	return err == nil && info.Mode().Perm()&0o077 != 0
}

// Find gives a profile by its name; "" is the default one, which need not be there.
func (p *Profiles) Find(name string) (Profile, error) {
	found, there := p.All[name]
	switch {
	case name == "":
		return p.All[DefaultProfile], nil
	case there:
		return found, nil
	}
	next := "make it by godwit login --profile " + name
	if names := slices.Sorted(maps.Keys(p.All)); len(names) > 0 {
		next += ", or use one of " + strings.Join(names, ", ")
	}
	return found, &Failure{Code: ExitUsage, What: fmt.Sprintf("there is no profile %q in %s", name, p.Path), Next: next}
}

// Save writes the file, for its owner alone. A crash leaves the file as it was.
func (p *Profiles) Save() error {
	text, err := toml.Marshal(p)
	if err == nil {
		err = WritePrivate(p.Path, text)
	}
	if err != nil {
		return &Failure{Code: ExitNo, What: "the profile can't be kept", Why: err.Error()}
	}
	return nil
}

// WritePrivate replaces a file by one that its owner alone may read.
func WritePrivate(path string, text []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	file, err := os.CreateTemp(filepath.Dir(path), ".godwit-*") // has mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(file.Name()) // what is left of a failure
	_, err = file.Write(text)
	if err = errors.Join(err, file.Sync(), file.Close()); err != nil {
		return err
	}
	return os.Rename(file.Name(), path)
}
