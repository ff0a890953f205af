package mail

import (
	htmltemplate "html/template"
	"strings"
	texttemplate "text/template"
)

// render gives the letter its two forms.
func (l letter) render() (text, html string, err error) {
	var t, h strings.Builder
	if err := asText.Execute(&t, l); err != nil {
		return "", "", err
	}
	if err := asHTML.Execute(&h, l); err != nil {
		return "", "", err
	}
	return t.String(), h.String(), nil
}

var asText = texttemplate.Must(texttemplate.New("text").Parse(`{{.Hello}}

{{.What}}

{{range .Facts}}{{.Label}}: {{.Value}}
{{end}}{{range .Rest}}
{{.}}
{{end}}{{with .Link}}
{{$.Open}}: {{.}}
{{end}}
Godwit

{{.Footer}}
`))

// asHTML has inline styles alone and loads nothing: mail programs drop the one
// and block the other. dir="auto" keeps a name to its own direction.
var asHTML = htmltemplate.Must(htmltemplate.New("html").Parse(`<!DOCTYPE html>
<html lang="{{.Language}}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{{.Subject}}</title>
</head>
<body style="margin:0;padding:24px;font-family:sans-serif;font-size:16px;line-height:1.5">
<div style="max-width:560px;margin:0 auto">
<p dir="auto">{{.Hello}}</p>
<p>{{.What}}</p>
<table role="presentation" style="border-collapse:collapse;margin:16px 0">
{{range .Facts}}<tr>
<td style="padding:4px 16px 4px 0;vertical-align:top;white-space:nowrap;font-weight:bold">{{.Label}}</td>
<td dir="auto" style="padding:4px 0;vertical-align:top;text-align:left;overflow-wrap:anywhere">{{.Value}}</td>
</tr>
{{end}}</table>
{{range .Rest}}<p>{{.}}</p>
{{end}}{{with .Link}}<p><a href="{{.}}" style="display:inline-block;padding:10px 18px;border-radius:6px;background-color:#1f5fbf;color:#ffffff;text-decoration:none">{{$.Open}}</a></p>
{{end}}<p style="margin-top:32px;font-size:13px">Godwit<br>{{.Footer}}</p>
</div>
</body>
</html>
`))
