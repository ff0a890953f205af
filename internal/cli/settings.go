package cli

import (
	"cmp"
	"strings"
)

// DefaultURL is where make up serves the API.
const DefaultURL = "http://127.0.0.1:8080"

// Settings say which installation a command calls, and as whom.
type Settings struct {
	URL, Key string
	// Profile is the one that a value was taken from; "" where none was.
	Profile string
	// Warnings are for people: what may be other than they think.
	Warnings []string
}

// Flags are what the command line says; "" = nothing.
type Flags struct{ URL, Profile string }

// Resolve finds the settings: flags go before the environment (GODWIT_URL, GODWIT_KEY),
// which goes before the profile. A profile's key is used for the profile's URL alone:
// another host must never be sent it.
func Resolve(flags Flags, getenv func(string) string) (Settings, error) {
	path, err := ProfilesPath(getenv)
	if err != nil && flags.Profile == "" {
		path, err = "", nil // a machine without a home has no profiles, and needs none
	}
	if err != nil {
		return Settings{}, err
	}
	profiles, err := ReadProfiles(path)
	if err != nil {
		return Settings{}, err
	}
	profile, err := profiles.Find(flags.Profile)
	if err != nil {
		return Settings{}, err
	}
	trim := func(text string) string { return strings.TrimRight(text, "/") }
	s := Settings{URL: trim(cmp.Or(flags.URL, getenv("GODWIT_URL"), profile.URL, DefaultURL)), Key: getenv("GODWIT_KEY")}
	fits := s.URL == trim(cmp.Or(profile.URL, DefaultURL))
	if s.Key == "" && fits {
		s.Key = profile.Key
	}
	if profile != (Profile{}) && fits {
		s.Profile = cmp.Or(flags.Profile, DefaultProfile)
	}
	if s.Profile != "" && s.Key == profile.Key && profile.Key != "" && profiles.Exposed() {
		s.Warnings = append(s.Warnings, path+" holds a key and others may read it: chmod 600 "+path)
	}
	if flags.Profile != "" {
		for _, name := range []string{"GODWIT_URL", "GODWIT_KEY"} {
			if getenv(name) != "" && (name != "GODWIT_URL" || flags.URL == "") {
				s.Warnings = append(s.Warnings, name+" is set and goes before the profile "+flags.Profile)
			}
		}
	}
	return s, nil
}
