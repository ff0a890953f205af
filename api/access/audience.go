package access

import (
	"slices"
	"strings"

	"godwit/internal/hook"
)

// Audience is the roles that may call a route.
type Audience []hook.Role

// The audiences of routes.
var (
	Admins     = Audience{hook.RoleAdmin}
	Publishers = Audience{hook.RoleAdmin, hook.RolePublisher}
	Users      = Audience{hook.RoleAdmin, hook.RoleUser}
	Anyone     = Audience{} // without a credential, too
)

// String lists the roles, for people.
func (a Audience) String() string {
	if len(a) == 0 {
		return "none is needed"
	}
	names := make([]string, len(a))
	for i, role := range a {
		names[i] = string(role)
	}
	return strings.Join(names, ", ")
}

// Security is the audience as OpenAPI has it.
func (a Audience) Security() []map[string][]string {
	switch {
	case len(a) == 0:
		return []map[string][]string{{}}
	case slices.Contains(a, hook.RolePublisher):
		return []map[string][]string{{"key": {}}}
	}
	return []map[string][]string{{"key": {}}, {"session": {}}}
}
