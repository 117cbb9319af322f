#include "logger/webhook.h"

#include "base/clock.h"
#include "base/digest.h"
#include "base/hex.h"
#include "base/money.h"
#include "base/sbuf.h"
#include "base/version.h"
#include "net/client.h"
#include "shm/account.h"

/* 5 tries within an hour. */
static const int64_t pauses_ms[] = { 10000, 120000, 720000, 2700000 };

int64_t
webhook_pause_ms(unsigned tries)
{
	if (tries == 0)
		return 0;
	return tries <= sizeof pauses_ms / sizeof pauses_ms[0]
	           ? pauses_ms[tries - 1]
	           : -1;
}

#define ALERT(name, text) [ALERT_##name] = text,
static const char *const event_words[ALERTS] = {
#include "base/alerts.def"
};
#undef ALERT

#define ACCOUNT(kind, owner, word) [ACCOUNT_##kind] = word,
static const char *const account_words[ACCOUNT_KINDS] = {
#include "shm/accounts.def"
};
#undef ACCOUNT

static void
webhook_account(struct sbuf *b, const struct alert *a)
{
	sbuf_addf(b, ",\"account\":\"%s", account_words[a->account_kind]);
	if (a->owner.kind == OWNER_ORGANIZATION) {
		sbuf_adds(b, "\",\"environment\":null");
		return;
	}
	sbuf_addc(b, ':');
	sbuf_add_json_part(b, a->owner.id);
	sbuf_addf(b, "\",\"environment\":\"%s\"",
	    a->owner.environment == ENV_TEST ? "test" : "prod");
}

static void
webhook_money(struct sbuf *b, const char *name, int64_t nano)
{
	sbuf_addf(b, ",\"%s\":", name);
	if (nano == MONEY_NONE)
		sbuf_adds(b, "null");
	else
		money_write(b, nano);
}

static void
webhook_row(struct sbuf *b, const struct alert *a)
{
	char iso[NOW_ISO_S_SIZE];

	webhook_account(b, a);
	webhook_money(b, "spent", a->spent_nano);
	webhook_money(b, "limit", a->limit_nano);
	webhook_money(b, "suspense", a->suspense_nano);
	now_iso_s(a->period_s, iso);
	if (a->period_s == 0)
		sbuf_adds(b, ",\"period\":null");
	else
		sbuf_addf(b, ",\"period\":\"%s\"", iso);
}

void
webhook_body(struct sbuf *b, const struct alert *a)
{
	char id[2 * ALERT_ID_SIZE + 1], iso[NOW_ISO_SIZE];

	hex_write(a->id, ALERT_ID_SIZE, id);
	now_iso(a->time_us, iso);
	sbuf_addf(b, "{\"id\":\"%s\",\"event\":\"%s\",\"time\":\"%s\"", id,
	    event_words[a->event], iso);
	if (a->event == ALERT_PROVIDER) {
		sbuf_adds(b, ",\"provider\":");
		sbuf_add_json(b, a->provider);
		sbuf_addc(b, '}');
		return;
	}
	if (a->account_kind > 0 && a->account_kind < ACCOUNT_KINDS)
		webhook_row(b, a);
	else
		sbuf_adds(b,
		    ",\"account\":null,\"environment\":null,\"spent\":null,"
		    "\"limit\":null,\"suspense\":null,\"period\":null");
	if (a->percent > 0)
		sbuf_addf(b, ",\"percent\":%u}", a->percent);
	else
		sbuf_adds(b, ",\"percent\":null}");
}

void
webhook_head(struct sbuf *b, const struct settings *s,
    const struct settings_exporter *x, struct slice secret, struct slice body)
{
	struct slice path = settings_str(s, x->path);
	unsigned char sum[DIGEST_SIZE];
	char hex[2 * DIGEST_SIZE + 1];

	digest_hmac(secret.p, secret.n, body.p, body.n, sum);
	hex_write(sum, sizeof sum, hex);
	sbuf_adds(b, "POST ");
	sbuf_add_slice(b, path.n > 0 ? path : SLICE("/"));
	sbuf_adds(b, " HTTP/1.1\r\n");
	client_write_host(b, settings_str(s, x->host), x->port, x->tls);
	sbuf_addf(b,
	    "User-Agent: holdfast/" HOLDFAST_VERSION "\r\n"
	    "Content-Type: application/json\r\nContent-Length: %zu\r\n"
	    "X-Respan-Signature: %s\r\nConnection: close\r\n\r\n",
	    body.n, hex);
}
