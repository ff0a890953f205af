package app

import (
	"net/http"

	"go.uber.org/zap"

	"godwit/internal/config"
)

// BuildAPI builds a process that is only an API, and gives its handler and what
// ends it.
func BuildAPI(cfg config.Config) (handler http.Handler, closed func(), err error) {
	p, err := build(cfg, zap.NewNop(), Options{Role: RoleAPI, Version: "test"})
	if err != nil {
		return nil, nil, err
	}
	return p.api.server.Handler, p.close, nil
}
