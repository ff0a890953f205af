package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"godwit/web"
)

// linkTimeout bounds the request for a sign-in link: it must not delay ready.
const linkTimeout = 5 * time.Second

// appLine says how to open the web app: by a link that signs in once, where one
// can be made.
func (s *standalone) appLine(api string) string {
	if !web.Built() {
		return "not in this build; make build adds it, with Node.js 20.19 or newer and npm"
	}
	link, err := signInLink(s.ctx, api, s.cfg.AdminKey)
	if err != nil {
		return api + "/ (sign in with the admin key)"
	}
	return link + " (signs you in once, within an hour; later " + api + "/ with the admin key)"
}

// signInLink has the API make a link for an admin.
func signInLink(ctx context.Context, api, adminKey string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, linkTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, api+"/v1/portal-sessions", bytes.NewReader([]byte(`{"role":"admin"}`)))
	if err != nil {
		return "", err
	}
	request.Header.Set("Authorization", "Bearer "+adminKey)
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusCreated {
		return "", fmt.Errorf("the API answered %s", response.Status)
	}
	var made struct {
		URL string `json:"url"`
	}
	return made.URL, json.NewDecoder(response.Body).Decode(&made)
}
