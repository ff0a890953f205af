package api

import (
	"bytes"
	"context"

	"godwit/api/access"
	"godwit/api/view"
	"godwit/internal/hook"
)

type appView struct {
	Name      string      `json:"name" minLength:"1" maxLength:"60" doc:"Name of this installation"`
	Logo      *string     `json:"logo" format:"uri" doc:"An image to show beside the name; null = Godwit's own"`
	Accent    *string     `json:"accent" pattern:"^#[0-9a-fA-F]{6}$" doc:"Colour of buttons and links; null = Godwit's own"`
	SignInURL *string     `json:"sign_in_url" format:"uri" doc:"The host application's page that makes a portal link; it takes the page of the app to come back to as next. null = there is none"`
	Languages []string    `json:"languages" nullable:"false" maxItems:"20" doc:"Languages of the web app and of mail"`
	Version   string      `json:"version" doc:"Godwit's own version"`
	Features  appFeatures `json:"features" doc:"What there is here"`
}

type appFeatures struct {
	Mail          bool     `json:"mail" doc:"Godwit sends mail to the owners of webhooks"`
	Play          bool     `json:"play" doc:"There is a play receiver, which shows what a webhook sends"`
	TemporalLinks string   `json:"temporal_links" enum:"all,admins" doc:"Who sees links to the Temporal Web UI"`
	ChatFormats   []string `json:"chat_formats" nullable:"false" maxItems:"20" doc:"Values of payload_format that chat services take"`
}

func (s *server) app(context.Context, *struct{}) (*reply[appView], error) {
	return &reply[appView]{Body: s.viewApp()}, nil
}

func (s *server) viewApp() appView {
	return appView{
		Name: s.Look.Name, Logo: view.Optional(s.Look.Logo), Accent: view.Optional(s.Look.Accent), SignInURL: view.Optional(s.Look.SignInURL),
		Languages: hook.Languages, Version: s.Version,
		Features: appFeatures{Mail: s.Mail, Play: s.Play, TemporalLinks: s.Look.TemporalLinks,
			ChatFormats: textsOf([]hook.PayloadFormat{hook.FormatSlack, hook.FormatDiscord, hook.FormatTeams})},
	}
}

// appInPage is the same for the page of the app, which has its name and colours from
// the first moment.
func (s *server) appInPage() string {
	var out bytes.Buffer
	if err := access.WriteJSON(&out, s.viewApp()); err != nil {
		return ""
	}
	return out.String()
}
