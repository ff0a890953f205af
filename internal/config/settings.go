package config

import (
	"fmt"
	"reflect"
	"strings"
)

// Setting describes one variable.
type Setting struct {
	Name, Default, Help string
}

// Settings lists the settings of godwit in the order of Config.
func Settings() []Setting { return settings(reflect.TypeFor[Config]()) }

// StandaloneSettings lists the settings that only godwit-standalone has.
func StandaloneSettings() []Setting { return settings(reflect.TypeFor[Standalone]()) }

func settings(t reflect.Type) (all []Setting) {
	for i := range t.NumField() {
		tag := t.Field(i).Tag
		all = append(all, Setting{tag.Get("env"), tag.Get("envDefault"), tag.Get("help")})
	}
	return all
}

// Help is a text for people with one paragraph for each setting.
func Help(all []Setting) string {
	var text strings.Builder
	for _, s := range all {
		text.WriteString("  " + s.Name)
		if s.Default != "" {
			text.WriteString("=" + s.Default)
		}
		fmt.Fprintf(&text, "\n      %s\n", s.Help)
	}
	return text.String()
}
