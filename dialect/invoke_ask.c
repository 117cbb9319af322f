/*
 * invoke_ask - requests for Bedrock's invoke, which Claude is asked by where
 * Converse lacks what is wanted.
 */
#include "dialect/invoke_priv.h"

const struct dialect invoke_dialect = {
	.name = SLICE("bedrock-invoke"),
	.frames = FRAMES_AWS,
	.state_size = sizeof(struct invoke_state),
	.wants_bytes = true,
	.path = anthropic_invoke_path,
	.ask = anthropic_invoke_ask,
	.reply = invoke_reply,
	.event = invoke_event,
	.native = invoke_native,
};
