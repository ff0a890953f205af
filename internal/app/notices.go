package app

import (
	"godwit/internal/config"
	"godwit/internal/mail"
	"godwit/internal/ops"
	"godwit/worker"
)

// notices makes what sends mail to the owners of webhooks; nil where there is no
// mail server. The store writes down what they are to be told (TellOwners).
func (p *process) notices(cfg config.Config, metrics *ops.Metrics) (*worker.Notices, error) {
	if cfg.SMTPURL == "" {
		return nil, nil
	}
	mailer, err := mail.New(mail.Options{SMTPURL: cfg.SMTPURL, From: cfg.MailFrom, PublicURL: cfg.PublicURL, Now: p.store.Now})
	if err != nil {
		return nil, err
	}
	return &worker.Notices{Claims: p.store, Mailer: mailer, Noticed: metrics.Noticed, Log: p.log}, nil
}
