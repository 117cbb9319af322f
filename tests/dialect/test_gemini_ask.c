/* What Gemini is asked: spec/providers.md 4. */

#include "tests/suite.h"

#include <stdlib.h>

#include "base/sbuf.h"
#include "base/settings.h"
#include "dialect/ask.h"
#include "dialect/dialect.h"
#include "tests/proto/asked.h"

#define OLD "gemini-2.5-flash"
#define NEW "gemini-3-flash-preview"

/* A request with one message and more members. */
#define R(more)                                                                \
	"{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":"       \
	"\"Hi\"}]" more "}"
#define HI "{\"contents\":[{\"role\":\"user\",\"parts\":[{\"text\":\"Hi\"}]}]"
#define CONFIG(members) HI ",\"generationConfig\":{" members "}}"

/* A request with these messages. */
#define M(messages) "{\"model\":\"m\",\"messages\":[" messages "]}"
#define TOLD(contents) "{\"contents\":[" contents "]}"
#define USER(parts) "{\"role\":\"user\",\"parts\":[" parts "]}"
#define MODEL(parts) "{\"role\":\"model\",\"parts\":[" parts "]}"
#define U(text) "{\"role\":\"user\",\"content\":\"" text "\"}"
#define UP(parts) "{\"role\":\"user\",\"content\":[" parts "]}"
#define T(text) "{\"text\":\"" text "\"}"

/* A call and its result, as the client has them. */
#define C(id, more)                                                            \
	"{\"id\":\"" id "\",\"type\":\"function\",\"function\":{\"name\":"     \
	"\"f\",\"arguments\":\"{\\\"a\\\":1}\"}" more "}"
#define A(calls)                                                               \
	"{\"role\":\"assistant\",\"content\":null,\"tool_calls\":[" calls "]}"
#define RES(id, content)                                                       \
	"{\"role\":\"tool\",\"tool_call_id\":\"" id "\",\"content\":" content  \
	"}"
#define SIGNED ",\"extra_content\":{\"google\":{\"thought_signature\":\"S\"}}"
#define FC(more) "{\"functionCall\":{" more "\"name\":\"f\",\"args\":{\"a\":1}}"
#define FR(more, response)                                                     \
	"{\"functionResponse\":{" more "\"name\":\"f\",\"response\":" response \
	"}}"
#define SKIP ",\"thoughtSignature\":\"skip_thought_signature_validator\"}"

#define TOOL(more)                                                             \
	",\"tools\":[{\"type\":\"function\",\"function\":{" more "}}]"
#define DECL(more) HI ",\"tools\":[{\"functionDeclarations\":[{" more "}]}]"
#define MODE(mode)                                                             \
	",\"toolConfig\":{\"functionCallingConfig\":{\"mode\":" mode "}}}"
#define SCHEMA                                                                 \
	"{\"type\":\"object\",\"properties\":{\"c\":{\"type\":\"string\"}}}"
#define FORMAT(schema)                                                         \
	",\"response_format\":{\"type\":\"json_schema\",\"json_schema\":{"     \
	"\"name\":\"n\",\"schema\":" schema "}}"
#define OPENAPI(out)                                                           \
	CONFIG("\"responseMimeType\":\"application/"                           \
	       "json\",\"responseSchema\":" out)
#define PNG "iVBORw0KGgoAAAA"
#define EFFORT(word) ",\"reasoning_effort\":\"" word "\""
#define THINK(how) CONFIG("\"thinkingConfig\":{" how "}")

static const struct row {
	const char *title, *model;
	uint32_t features;
	const char *in, *out;
	const char *warning; /* the first one; NULL: none */
} rows[] = {
	{ "a text", OLD, 0, R(""), HI "}", NULL },
	/* 4.1 */
	{ "all systems joined", OLD, 0,
	    M("{\"role\":\"system\",\"content\":\"a\"}," U(
		"Hi") ",{\"role\":"
		      "\"developer\",\"content\":[{\"type\":\"text\",\"text\":"
		      "\"b\"}]}"),
	    "{\"systemInstruction\":{\"parts\":[{\"text\":\"a\\n\\nb\"}]},"
	    "\"contents\":[" USER(T("Hi")) "]}",
	    NULL },
	{ "one role is one turn", OLD, 0, M(U("a") "," U("b")),
	    TOLD(USER(T("a") "," T("b"))), NULL },
	{ "assistant first", OLD, 0,
	    M("{\"role\":\"assistant\",\"content\":\"a\"}"),
	    TOLD(USER(T(".")) "," MODEL(T("a"))), NULL },
	{ "empty texts", OLD, 0,
	    M(U("") ",{\"role\":\"assistant\",\"content\":\"\"}," U("a")),
	    TOLD(USER(T(".") "," T("a"))), NULL },
	{ "the name of a message, a refusal", OLD, 0,
	    M("{\"role\":\"user\",\"name\":\"n\",\"content\":\"a\"},{\"role\":"
	      "\"assistant\",\"content\":null,\"refusal\":\"no\"}," U("b")),
	    TOLD(USER(T("a")) "," MODEL(T("no")) "," USER(T("b"))), NULL },
	{ "escapes stay", OLD, 0, M(U("\\u00e9\\n\\\"")),
	    TOLD(USER(T("\\u00e9\\n\\\""))), NULL },
	{ "a call and its result", OLD, 0,
	    M(U("a") "," A(C("x", "")) "," RES("x", "\"20\"")),
	    TOLD(USER(T("a")) "," MODEL(FC("") "}") "," USER(
		FR("", "{\"result\":\"20\"}"))),
	    NULL },
	{ "results in the order of the calls, none lost, text behind", OLD, 0,
	    M(U("a") "," A(C("x", "") "," C("y", "") "," C("z",
		"")) "," RES("z", "\"3\"") "," RES("x", "\"1\"") "," U("b")),
	    TOLD(USER(T("a")) "," MODEL(FC("") "}," FC("") "}," FC(
		"") "}") "," USER(FR("", "{\"result\":\"1\"}") "," FR("",
		"{\"error\":\"no result\"}") "," FR("",
		"{\"result\":\"3\"}")) "," USER(T("b"))),
	    "tool result missing" },
	{ "a result that is an object, parts joined", OLD, 0,
	    M(U("a") "," A(C("x", "")) "," RES("x",
		"[{\"type\":\"text\",\"text\":\"{\\\"t\\\":\"},{\"type\":"
		"\"text\",\"text\":\" 20}\"}]")),
	    TOLD(USER(T("a")) "," MODEL(FC("") "}") "," USER(
		FR("", "{\"t\": 20}"))),
	    NULL },
	{ "a result that is an array is text", OLD, 0,
	    M(U("a") "," A(C("x", "")) "," RES("x", "\"[1]\"")),
	    TOLD(USER(T("a")) "," MODEL(FC("") "}") "," USER(
		FR("", "{\"result\":\"[1]\"}"))),
	    NULL },
	{ "an empty result", OLD, 0,
	    M(U("a") "," A(C("x", "")) "," RES("x", "\"\"")),
	    TOLD(USER(T("a")) "," MODEL(FC("") "}") "," USER(
		FR("", "{\"result\":\"\"}"))),
	    NULL },
	{ "a result without call", OLD, 0, M(U("a") "," RES("x", "\"20\"")),
	    TOLD(USER(T("a") "," T("[tool result x] 20"))),
	    "tool result without call" },
	{ "old functions", OLD, 0,
	    "{\"model\":\"m\",\"functions\":[{\"name\":\"f\"}],"
	    "\"function_call\":{\"name\":\"f\"},\"messages\":[" U(
		"a") ",{\"role\":\"assistant\",\"content\":null,"
		     "\"function_call\":{\"name\":\"f\",\"arguments\":\"\"}},"
		     "{\"role\":\"function\",\"name\":\"f\",\"content\":\"r\"}"
		     "]}",
	    "{\"contents\":[" USER(T("a")) "," MODEL(
		"{\"functionCall\":{\"name\":\"f\",\"args\":{"
		"}}}") "," USER(FR("",
		"{\"result\":\"r\"}")) "],\"tools\":[{"
				       "\"functionDeclarations\":[{"
				       "\"name\":\"f\"}]}]" MODE(
					   "\"ANY\","
					   "\"allowedFunctionNames\":["
					   "\"f\"]"),
	    NULL },
	{ "arguments that were cut", OLD, 0,
	    M(U("a") ",{\"role\":\"assistant\",\"tool_calls\":[{\"id\":\"x\","
		     "\"type\":\"function\",\"function\":{\"name\":\"f\","
		     "\"arguments\":\"{\\\"a\"}}]}," RES("x", "\"r\"")),
	    TOLD(USER(T("a")) "," MODEL(
		"{\"functionCall\":{\"name\":\"f\",\"args\":{\"_raw\":"
		"\"{\\\"a\"}}}") "," USER(FR("", "{\"result\":\"r\"}"))),
	    NULL },
	/* 4.4, 9 */
	{ "no signature: the sentinel on the first call", NEW, 0,
	    M(U("a") "," A(C("x", "") "," C("y", "")) "," RES("x",
		"\"1\"") "," RES("y", "\"2\"")),
	    TOLD(USER(T("a")) "," MODEL(FC("") SKIP "," FC("") "}") "," USER(
		FR("", "{\"result\":\"1\"}") "," FR("", "{\"result\":\"2\"}"))),
	    NULL },
	{ "a name without a number is the newest", "gemini-flash-latest", 0,
	    M(U("a") "," A(C("x", "")) "," RES("x", "\"1\"")),
	    TOLD(USER(T("a")) "," MODEL(FC("") SKIP) "," USER(
		FR("", "{\"result\":\"1\"}"))),
	    NULL },
	{ "a signed call has its own id; so have its neighbours", NEW, 0,
	    M(U("a") "," A(C("x", SIGNED) "," C("y", "")) "," RES("x",
		"\"1\"") "," RES("y", "\"2\"")),
	    TOLD(USER(T("a")) "," MODEL(
		FC("\"id\":\"x\",") ",\"thoughtSignature\":\"S\"}," FC(
		    "\"id\":\"y\",") "}") "," USER(FR("\"id\":\"x\",",
		"{\"result\":\"1\"}") "," FR("\"id\":\"y\",",
		"{\"result\":\"2\"}"))),
	    NULL },
	{ "a minted id is not sent", NEW, 0,
	    M(U("a") "," A(C("call_0123456789abcdefABCDEFxy",
		SIGNED)) "," RES("call_0123456789abcdefABCDEFxy", "\"1\"")),
	    TOLD(USER(T("a")) "," MODEL(
		FC("") ",\"thoughtSignature\":\"S\"}") "," USER(FR("",
		"{\"result\":\"1\"}"))),
	    NULL },
	{ "a signature among the details, by id", NEW, 0,
	    M(U("a") ",{\"role\":\"assistant\",\"tool_calls\":[" C("x",
		"") "],\"reasoning_details\":[{\"type\":"
		    "\"reasoning.encrypted\",\"data\":\"D\",\"format\":"
		    "\"google-gemini-v1\",\"id\":\"x\"}]}," RES("x", "\"1\"")),
	    TOLD(USER(T("a")) "," MODEL(
		FC("\"id\":\"x\",") ",\"thoughtSignature\":"
				    "\"D\"}") "," USER(FR("\"id"
							  "\":"
							  "\"x"
							  "\",",
		"{\"result\":\"1\"}"))),
	    NULL },
	{ "extra_content comes first", NEW, 0,
	    M(U("a") ",{\"role\":\"assistant\",\"tool_calls\":[" C("x",
		SIGNED) "],\"reasoning_details\":[{\"type\":"
			"\"reasoning.encrypted\",\"data\":\"D\",\"format\":"
			"\"google-gemini-v1\",\"id\":\"x\"}]}," RES("x",
			    "\"1\"")),
	    TOLD(USER(T("a")) "," MODEL(
		FC("\"id\":\"x\",") ",\"thoughtSignature\":"
				    "\"S\"}") "," USER(FR("\"id"
							  "\":"
							  "\"x"
							  "\",",
		"{\"result\":\"1\"}"))),
	    NULL },
	{ "a signature of text", NEW, 0,
	    M(U("a") ",{\"role\":\"assistant\",\"content\":\"t\","
		     "\"reasoning_content\":\"r\",\"reasoning_details\":[{"
		     "\"type\":\"reasoning.encrypted\",\"data\":\"D/+=\","
		     "\"format\":\"google-gemini-v1\",\"id\":null}]}," U("b")),
	    TOLD(USER(T("a")) "," MODEL("{\"text\":\"t\",\"thoughtSignature\":"
					"\"D/+=\"}") "," USER(T("b"))),
	    NULL },
	{ "two signatures, of which one is an empty text's", NEW, 0,
	    M(U("a") ",{\"role\":\"assistant\",\"content\":\"t\","
		     "\"reasoning_details\":[{\"type\":\"reasoning.encrypted\","
		     "\"data\":\"C\",\"format\":\"google-gemini-v1\"},{"
		     "\"type\":\"reasoning.encrypted\",\"data\":\"D\","
		     "\"format\":\"google-gemini-v1\"}]}"),
	    TOLD(USER(T("a")) "," MODEL(
		"{\"text\":\"\",\"thoughtSignature\":\"C\"},"
		"{\"text\":\"t\",\"thoughtSignature\":\"D\"}")),
	    NULL },
	{ "thoughts of others stay here", NEW, 0,
	    M(U("a") ",{\"role\":\"assistant\",\"content\":\"t\","
		     "\"reasoning_details\":[{\"type\":\"reasoning.text\","
		     "\"text\":\"r\",\"signature\":\"s\",\"format\":"
		     "\"anthropic-claude-v1\"}]}"),
	    TOLD(USER(T("a")) "," MODEL(T("t"))), NULL },
	/* 4.2 */
	{ "scalars", OLD, 0,
	    R(",\"temperature\":1.5,\"top_p\":0.9,\"seed\":7,"
	      "\"frequency_penalty\":0.5,\"presence_penalty\":-1,\"top_k\":3,"
	      "\"n\":2,\"stop\":[\"a\",\"\\n\"]"),
	    CONFIG("\"temperature\":1.5,\"topP\":0.9,\"seed\":7,"
		   "\"frequencyPenalty\":0.5,\"presencePenalty\":-1,"
		   "\"topK\":3,\"candidateCount\":2,"
		   "\"stopSequences\":[\"a\",\"\\n\"]"),
	    NULL },
	{ "null is absent, n 1 is not said", OLD, 0,
	    R(",\"temperature\":null,\"n\":1,\"stop\":null,\"top_k\":null,"
	      "\"tools\":null,\"logprobs\":false"),
	    HI "}", NULL },
	{ "a limit and a stop", OLD, 0,
	    R(",\"max_tokens\":50,\"stop\":\"END\""),
	    CONFIG("\"stopSequences\":[\"END\"],\"maxOutputTokens\":50"),
	    NULL },
	{ "logprobs", OLD, 0, R(",\"logprobs\":true,\"top_logprobs\":2"),
	    CONFIG("\"responseLogprobs\":true,\"logprobs\":2"), NULL },
	{ "logprobs of what was chosen", OLD, 0, R(",\"logprobs\":true"),
	    CONFIG("\"responseLogprobs\":true"), NULL },
	{ "dropped: logit_bias", OLD, 0, R(",\"logit_bias\":{\"1\":2}"), HI "}",
	    "logit_bias" },
	{ "dropped: user", OLD, 0, R(",\"user\":\"u\""), HI "}", "user" },
	{ "dropped: one call at a time", OLD, 0,
	    R(",\"parallel_tool_calls\":false"), HI "}",
	    "parallel_tool_calls" },
	{ "dropped: unknown", OLD, 0, R(",\"what\":1"), HI "}", "what" },
	/* 4.3 */
	{ "a tool", OLD, 0,
	    R(TOOL(
		"\"name\":\"f\",\"description\":\"d\",\"parameters\":" SCHEMA)),
	    DECL("\"name\":\"f\",\"description\":\"d\","
		 "\"parametersJsonSchema\":" SCHEMA) "}",
	    NULL },
	{ "without parameters", OLD, 0, R(TOOL("\"name\":\"f\"")),
	    DECL("\"name\":\"f\"") "}", NULL },
	{ "strict is dropped", OLD, 0,
	    R(TOOL("\"name\":\"f\",\"strict\":true")),
	    DECL("\"name\":\"f\"") "}", "strict" },
	{ "choice none", OLD, 0,
	    R(TOOL("\"name\":\"f\"") ",\"tool_choice\":\"none\""),
	    DECL("\"name\":\"f\"") MODE("\"NONE\""), NULL },
	{ "choice auto", OLD, 0,
	    R(TOOL("\"name\":\"f\"") ",\"tool_choice\":\"auto\""),
	    DECL("\"name\":\"f\"") MODE("\"AUTO\""), NULL },
	{ "choice required", OLD, 0,
	    R(TOOL("\"name\":\"f\"") ",\"tool_choice\":\"required\""),
	    DECL("\"name\":\"f\"") MODE("\"ANY\""), NULL },
	{ "choice named", OLD, 0,
	    R(TOOL("\"name\":\"f\"") ",\"tool_choice\":{\"type\":\"function\","
				     "\"function\":{\"name\":\"f\"}}"),
	    DECL("\"name\":\"f\"")
		MODE("\"ANY\",\"allowedFunctionNames\":[\"f\"]"),
	    NULL },
	{ "an old model's tool", OLD, FEATURE_OLD_SCHEMA,
	    R(TOOL("\"name\":\"f\",\"parameters\":" SCHEMA)),
	    DECL("\"name\":\"f\",\"parameters\":{\"type\":\"OBJECT\","
		 "\"properties\":{\"c\":{\"type\":\"STRING\"}}}") "}",
	    NULL },
	{ "an old model's tool without properties", OLD, FEATURE_OLD_SCHEMA,
	    R(TOOL("\"name\":\"f\",\"parameters\":{\"type\":\"object\","
		   "\"properties\":{}}")),
	    DECL("\"name\":\"f\"") "}", NULL },
	/* 4.5 */
	{ "an image whose type is corrected", OLD, 0,
	    M(UP("{\"type\":\"image_url\",\"image_url\":{\"url\":"
		 "\"data:image/jpeg;base64," PNG "\"}}")),
	    TOLD(USER("{\"inlineData\":{\"mimeType\":\"image/png\",\"data\":"
		      "\"" PNG "\"}}")),
	    NULL },
	{ "an image of another type", OLD, 0,
	    M(UP("{\"type\":\"image_url\",\"image_url\":{\"url\":"
		 "\"data:image\\/heic;base64,AAAA\"}}")),
	    TOLD(USER("{\"inlineData\":{\"mimeType\":\"image/heic\",\"data\":"
		      "\"AAAA\"}}")),
	    NULL },
	{ "data that is no base64 breaks nothing", OLD, 0,
	    M(UP("{\"type\":\"image_url\",\"image_url\":{\"url\":"
		 "\"data:image/png;base64,A\\\"A\"}}")),
	    TOLD(USER("{\"inlineData\":{\"mimeType\":\"image/png\",\"data\":"
		      "\"A\\\"A\"}}")),
	    NULL },
	{ "a file in Google's storage", OLD, 0,
	    M(UP("{\"type\":\"image_url\",\"image_url\":{\"url\":"
		 "\"gs://b/x.PNG\"}}")),
	    TOLD(USER("{\"fileData\":{\"fileUri\":\"gs://b/x.PNG\","
		      "\"mimeType\":\"image/png\"}}")),
	    NULL },
	{ "audio", OLD, 0,
	    M(UP("{\"type\":\"input_audio\",\"input_audio\":{\"data\":\"UklG\","
		 "\"format\":\"mp3\"}}")),
	    TOLD(USER("{\"inlineData\":{\"mimeType\":\"audio/mp3\",\"data\":"
		      "\"UklG\"}}")),
	    NULL },
	{ "a PDF, and text behind", OLD, 0,
	    M(UP("{\"type\":\"file\",\"file\":{\"filename\":\"a.pdf\","
		 "\"file_data\":\"data:application/pdf;base64,JVBE\"}},"
		 "{\"type\":\"text\",\"text\":\"t\"}")),
	    TOLD(USER("{\"inlineData\":{\"mimeType\":\"application/pdf\","
		      "\"data\":\"JVBE\"}}," T("t"))),
	    NULL },
	/* 4.6 */
	{ "some JSON", OLD, 0,
	    R(",\"response_format\":{\"type\":\"json_object\"}"),
	    CONFIG("\"responseMimeType\":\"application/json\""), NULL },
	{ "JSON by a schema", OLD, 0, R(FORMAT(SCHEMA)),
	    CONFIG("\"responseMimeType\":\"application/json\","
		   "\"responseJsonSchema\":" SCHEMA),
	    NULL },
	{ "text", OLD, 0, R(",\"response_format\":{\"type\":\"text\"}"), HI "}",
	    NULL },
	/* 4.3: the subset of OpenAPI */
	{ "types in upper case", OLD, FEATURE_OLD_SCHEMA,
	    R(FORMAT("{\"type\":\"object\",\"properties\":{\"type\":{\"type\":"
		     "\"array\",\"items\":{\"type\":\"integer\"}}},"
		     "\"required\":[\"type\"]}")),
	    OPENAPI("{\"type\":\"OBJECT\",\"properties\":{\"type\":{\"type\":"
		    "\"ARRAY\",\"items\":{\"type\":\"INTEGER\"}}},"
		    "\"required\":[\"type\"]}"),
	    NULL },
	{ "nullable", OLD, FEATURE_OLD_SCHEMA,
	    R(FORMAT("{\"type\":[\"string\",\"null\"]}")),
	    OPENAPI("{\"type\":\"STRING\",\"nullable\":true}"), NULL },
	{ "nullable by another way", OLD, FEATURE_OLD_SCHEMA,
	    R(FORMAT(
		"{\"anyOf\":[{\"type\":\"null\"},{\"type\":\"number\"}]}")),
	    OPENAPI("{\"nullable\":true,\"anyOf\":[{\"type\":\"NUMBER\"}]}"),
	    NULL },
	{ "several types", OLD, FEATURE_OLD_SCHEMA,
	    R(FORMAT("{\"type\":[\"string\",\"number\"]}")),
	    OPENAPI(
		"{\"anyOf\":[{\"type\":\"STRING\"},{\"type\":\"NUMBER\"}]}"),
	    NULL },
	{ "const", OLD, FEATURE_OLD_SCHEMA, R(FORMAT("{\"const\":\"x\"}")),
	    OPENAPI("{\"enum\":[\"x\"]}"), NULL },
	{ "what is removed", OLD, FEATURE_OLD_SCHEMA,
	    R(FORMAT("{\"$schema\":\"u\",\"title\":\"t\",\"default\":1,"
		     "\"additionalProperties\":false,\"patternProperties\":{},"
		     "\"if\":{},\"then\":{},\"else\":{},\"type\":\"string\"}")),
	    OPENAPI("{\"type\":\"STRING\"}"), "json_schema" },
	{ "references", OLD, FEATURE_OLD_SCHEMA,
	    R(FORMAT("{\"properties\":{\"p\":{\"$ref\":\"#/$defs/P\","
		     "\"description\":\"mine\"},\"q\":{\"$ref\":"
		     "\"#/$defs/P\"}},\"$defs\":{\"P\":{\"type\":\"string\","
		     "\"description\":\"its\"}}}")),
	    OPENAPI("{\"properties\":{\"p\":{\"type\":\"STRING\","
		    "\"description\":\"mine\"},\"q\":{\"type\":\"STRING\","
		    "\"description\":\"its\"}}}"),
	    NULL },
	/* 4.7 */
	{ "2.5, none", OLD, 0, R(EFFORT("none")), THINK("\"thinkingBudget\":0"),
	    NULL },
	{ "2.5 Pro, none", "gemini-2.5-pro", 0, R(EFFORT("none")),
	    THINK("\"thinkingBudget\":128"), NULL },
	{ "2.5, low", OLD, 0, R(EFFORT("low")),
	    THINK("\"thinkingBudget\":1024,\"includeThoughts\":true"), NULL },
	{ "2.5, medium", OLD, 0, R(EFFORT("medium")),
	    THINK("\"thinkingBudget\":8192,\"includeThoughts\":true"), NULL },
	{ "2.5, xhigh", OLD, 0, R(EFFORT("xhigh")),
	    THINK("\"thinkingBudget\":24576,\"includeThoughts\":true"), NULL },
	{ "3, none", NEW, 0, R(EFFORT("none")),
	    THINK("\"thinkingLevel\":\"MINIMAL\""), NULL },
	{ "3, minimal", NEW, 0, R(EFFORT("minimal")),
	    THINK("\"thinkingLevel\":\"LOW\",\"includeThoughts\":true"), NULL },
	{ "3.5, high", "gemini-3.5-flash", FEATURE_REASONING, R(EFFORT("high")),
	    THINK("\"thinkingLevel\":\"HIGH\",\"includeThoughts\":true"),
	    NULL },
	{ "Anthropic's form, by budget", OLD, 0,
	    R(",\"thinking\":{\"type\":\"enabled\",\"budget_tokens\":3000}"),
	    THINK("\"thinkingBudget\":3000,\"includeThoughts\":true"), NULL },
	{ "Anthropic's form, by level", NEW, 0,
	    R(",\"thinking\":{\"type\":\"enabled\",\"budget_tokens\":3000}"),
	    THINK("\"thinkingLevel\":\"MEDIUM\",\"includeThoughts\":true"),
	    NULL },
	{ "Anthropic's form, off", OLD, 0,
	    R(",\"thinking\":{\"type\":\"disabled\"}"),
	    THINK("\"thinkingBudget\":0"), NULL },
	{ "Anthropic's form, adaptive", NEW, 0,
	    R(",\"thinking\":{\"type\":\"adaptive\"}"),
	    THINK("\"includeThoughts\":true"), NULL },
	{ "a budget is capped", OLD, 0,
	    R(EFFORT("high") ",\"max_tokens\":4000"),
	    CONFIG("\"thinkingConfig\":{\"thinkingBudget\":3999,"
		   "\"includeThoughts\":true},\"maxOutputTokens\":4000"),
	    NULL },
	{ "a small limit is raised", OLD, 0,
	    R(EFFORT("low") ",\"max_tokens\":50"),
	    CONFIG("\"thinkingConfig\":{\"thinkingBudget\":1024,"
		   "\"includeThoughts\":true},\"maxOutputTokens\":1025"),
	    NULL },
	{ "no model that thinks", "gemini-2.0-flash", 0, R(EFFORT("low")),
	    HI "}", "reasoning_effort" },
	{ "a known model that does not think", OLD, FEATURE_TOOLS,
	    R(EFFORT("low")), HI "}", "reasoning_effort" },
	/* 4.10 */
	{ "the worked request", NEW, 0,
	    "{\"model\":\"m\",\"max_completion_tokens\":50,\"stop\":\"END\","
	    "\"parallel_tool_calls\":false,\"messages\":[{\"role\":"
	    "\"developer\",\"content\":\"Be brief.\"},{\"role\":\"user\","
	    "\"content\":\"Weather in Rome and Oslo?\"},{\"role\":"
	    "\"assistant\",\"content\":null,\"tool_calls\":[{\"id\":"
	    "\"call_a\",\"type\":\"function\",\"function\":{\"name\":\"w\","
	    "\"arguments\":\"{\\\"c\\\":\\\"Rome\\\"}\"}},{\"id\":\"call_b\","
	    "\"type\":\"function\",\"function\":{\"name\":\"w\",\"arguments\":"
	    "\"{\\\"c\\\":\\\"Oslo\\\"}\"}}]}," RES("call_a",
		"\"20\"") "," RES("call_b",
		"\"5\"") "]" TOOL("\"name\":\"w\",\"parameters\":" SCHEMA) "}",
	    "{\"systemInstruction\":{\"parts\":[{\"text\":\"Be brief.\"}]},"
	    "\"contents\":[{\"role\":\"user\",\"parts\":[{\"text\":"
	    "\"Weather in Rome and Oslo?\"}]},{\"role\":\"model\",\"parts\":[{"
	    "\"functionCall\":{\"name\":\"w\",\"args\":{\"c\":\"Rome\"}}"
	    ",\"thoughtSignature\":\"skip_thought_signature_validator\"},{"
	    "\"functionCall\":{\"name\":\"w\",\"args\":{\"c\":\"Oslo\"}}}]},{"
	    "\"role\":\"user\",\"parts\":[{\"functionResponse\":{\"name\":"
	    "\"w\",\"response\":{\"result\":\"20\"}}},{\"functionResponse\":{"
	    "\"name\":\"w\",\"response\":{\"result\":\"5\"}}}]}],\"tools\":[{"
	    "\"functionDeclarations\":[{\"name\":\"w\","
	    "\"parametersJsonSchema\":" SCHEMA "}]}],\"generationConfig\":{"
	    "\"stopSequences\":[\"END\"],\"maxOutputTokens\":50}}",
	    "parallel_tool_calls" },
};

/* Something of each part: an attempt leaves the request as it was. */
static unsigned long
parts_of(const struct chat *c)
{
	unsigned long sum = 0;

	for (unsigned i = 0; i < c->n; i++)
		for (unsigned k = 0; k < c->messages[i].n; k++) {
			const struct chat_part *p = &c->messages[i].parts[k];

			sum = 31 * sum + (unsigned)p->type + p->text.n +
			      p->signature.n + 1;
		}
	return sum;
}

/* Ask; 0 or -1 with the fault in a->err. */
static int
ask_of(struct asked *a, enum provider_kind kind, const char *model,
    uint32_t features, const char *in, struct sbuf *body, struct sbuf *path)
{
	struct ask ask = { .model = slice_str(model),
		.features = features,
		.project = SLICE("p"),
		.location = SLICE("us-east1") };
	const struct dialect *d;
	unsigned long before;
	const char *limit;

	ck_assert_msg(asked_read(a, slice_str(in), NULL) == 0, "%s: %s",
	    a->err.text, in);
	ask.params = &a->params;
	ask.pool = a->pool;
	ask.max_tokens = params_max_tokens(&a->params);
	ask.stream = params_bool(&a->params, PARAM_stream);
	d = dialect_find(kind, ask.model, features);
	ck_assert_ptr_nonnull(d);
	d->path(&ask, path);
	if (chat_read(&a->params, a->pool, &ask.chat, &a->err) != 0)
		return -1;
	before = parts_of(&ask.chat);
	if (d->ask(&ask, body, &a->err) != 0)
		return -1;
	ck_assert_uint_eq(parts_of(&ask.chat), before);
	ck_assert_int_eq(ask.max_tokens, params_max_tokens(&a->params));
	limit = strstr(body->data, "\"maxOutputTokens\":");
	ck_assert_int_eq(ask.output_asked,
	    limit != NULL ? atoll(limit + strlen("\"maxOutputTokens\":")) : 0);
	return 0;
}

START_TEST(test_row)
{
	const struct row *row = &rows[_i];
	struct sbuf body = { 0 }, path = { 0 };
	struct slice warning;
	struct jscan_item whole;
	struct asked a;
	struct err e;

	ck_assert_msg(ask_of(&a, KIND_GEMINI, row->model, row->features,
			  row->in, &body, &path) == 0,
	    "%s: %s", row->title, a.err.text);
	ck_assert_msg(slice_eq(sbuf_slice(&body), slice_str(row->out)),
	    "%s:\n%s\n%s", row->title, body.data, row->out);
	ck_assert_int_eq(jscan_value(sbuf_slice(&body), &whole, &e), 0);
	warning = a.params.n_warnings > 0 ? a.params.warnings[0] : SLICE("");
	ck_assert_msg(slice_eq(warning,
			  slice_str(row->warning != NULL ? row->warning : "")),
	    "%s: warning %.*s", row->title, SLICE_ARGS(warning));
	ck_assert_uint_eq(a.params.n_warnings, row->warning != NULL);
	sbuf_free(&body);
	sbuf_free(&path);
	asked_end(&a);
}
END_TEST

#define URL(url)                                                               \
	M(UP("{\"type\":\"image_url\",\"image_url\":{\"url\":\"" url "\"}}"))

static const struct refused {
	const char *title, *in, *param;
	uint32_t features;
} refused[] = {
	{ "an address", URL("https://x/a.png"),
	    "messages[0].content[0].image_url", 0 },
	{ "a data URL without data", URL("data:image/png"),
	    "messages[0].content[0].image_url", 0 },
	{ "the id of a file",
	    M(UP("{\"type\":\"file\",\"file\":{\"file_id\":\"f\"}}")),
	    "messages[0].content[0].file.file_id", 0 },
	{ "an image in a result",
	    M(U("a") "," A(C("x", "")) "," RES("x",
		"[{\"type\":\"image_url\",\"image_url\":{\"url\":"
		"\"data:image/png;base64," PNG "\"}}]")),
	    "messages[2].content[0]", 0 },
	{ "six stops", R(",\"stop\":[\"a\",\"b\",\"c\",\"d\",\"e\",\"f\"]"),
	    "stop", 0 },
	{ "speech", R(",\"modalities\":[\"text\",\"audio\"]"), "modalities",
	    0 },
	{ "a tool of another type",
	    R(",\"tools\":[{\"type\":\"custom\",\"custom\":{\"name\":\"c\"}}]"),
	    "tools[0]", 0 },
	{ "every parameter, please",
	    R(",\"require_parameters\":true,\"logit_bias\":{\"1\":1}"),
	    "logit_bias", 0 },
	{ "a schema that has itself",
	    R(FORMAT("{\"properties\":{\"p\":{\"$ref\":\"#\"}}}")), "$ref",
	    FEATURE_OLD_SCHEMA },
	{ "a schema that has itself by a detour",
	    R(FORMAT("{\"$ref\":\"#/$defs/a\",\"$defs\":{\"a\":{\"items\":{"
		     "\"$ref\":\"#/$defs/b\"}},\"b\":{\"items\":{\"$ref\":"
		     "\"#/$defs/a\"}}}}")),
	    "$ref", FEATURE_OLD_SCHEMA },
	{ "a reference to nothing", R(FORMAT("{\"$ref\":\"#/$defs/a\"}")),
	    "$ref", FEATURE_OLD_SCHEMA },
	{ "a reference to another place", R(FORMAT("{\"$ref\":\"http://x\"}")),
	    "$ref", FEATURE_OLD_SCHEMA },
};

START_TEST(test_refused)
{
	const struct refused *row = &refused[_i];
	struct sbuf body = { 0 }, path = { 0 };
	struct asked a;

	ck_assert_msg(ask_of(&a, KIND_GEMINI, OLD, row->features, row->in,
			  &body, &path) == -1,
	    "%s: %s", row->title, body.data);
	ck_assert_int_eq(a.err.kind, ERR_UNSUPPORTED_PARAMETER);
	ck_assert_str_eq(a.err.param, row->param);
	sbuf_free(&body);
	sbuf_free(&path);
	asked_end(&a);
}
END_TEST

/* References that unfold to more and more are refused, and soon. */
START_TEST(test_unfolding)
{
	struct sbuf in = { 0 }, body = { 0 }, path = { 0 };
	struct asked a;

	sbuf_adds(&in, R("") "");
	in.len--;
	sbuf_adds(&in, ",\"response_format\":{\"type\":\"json_schema\","
		       "\"json_schema\":{\"name\":\"n\",\"schema\":{\"$ref\":"
		       "\"#/$defs/d0\",\"$defs\":{");
	for (int i = 0; i < 40; i++)
		sbuf_addf(&in,
		    "%s\"d%d\":{\"$ref\":\"#/$defs/d%d\","
		    "\"$ref\":\"#/$defs/d%d\"}",
		    i > 0 ? "," : "", i, i + 1, i + 1);
	sbuf_adds(&in, ",\"d40\":{}}}}}}");
	ck_assert_int_eq(ask_of(&a, KIND_GEMINI, OLD, FEATURE_OLD_SCHEMA,
			     in.data, &body, &path),
	    -1);
	ck_assert_str_eq(a.err.param, "$ref");
	asked_end(&a);
	sbuf_free(&in);
	sbuf_free(&body);
	sbuf_free(&path);
}
END_TEST

static const struct paths {
	enum provider_kind kind;
	const char *model, *in, *path;
} paths[] = {
	{ KIND_GEMINI, OLD, R(""), "/models/" OLD ":generateContent" },
	{ KIND_GEMINI, "a/b c", R(",\"stream\":true"),
	    "/models/a%2Fb%20c:streamGenerateContent?alt=sse" },
	{ KIND_VERTEX_GEMINI, OLD, R(",\"stream\":true"),
	    "/projects/p/locations/us-east1/publishers/google/models/" OLD
	    ":streamGenerateContent?alt=sse" },
	{ KIND_VERTEX_GEMINI, OLD, R(""),
	    "/projects/p/locations/us-east1/publishers/google/models/" OLD
	    ":generateContent" },
};

START_TEST(test_path)
{
	const struct paths *row = &paths[_i];
	struct sbuf body = { 0 }, path = { 0 };
	struct asked a;

	ck_assert_int_eq(ask_of(&a, row->kind, row->model, 0, row->in, &body,
			     &path),
	    0);
	ck_assert_str_eq(path.data, row->path);
	sbuf_free(&body);
	sbuf_free(&path);
	asked_end(&a);
}
END_TEST

/* Vertex fetches what has an address. */
START_TEST(test_vertex_url)
{
	struct sbuf body = { 0 }, path = { 0 };
	struct asked a;

	ck_assert_int_eq(ask_of(&a, KIND_VERTEX_GEMINI, OLD, 0,
			     URL("https://x/a.webp?k=\\\"v"), &body, &path),
	    0);
	ck_assert_str_eq(body.data,
	    TOLD(USER("{\"fileData\":{\"fileUri\":\"https://x/a.webp?k=\\\"v\","
		      "\"mimeType\":\"image/webp\"}}")));
	sbuf_free(&body);
	sbuf_free(&path);
	asked_end(&a);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *s = suite_create("dialect/gemini_ask");
	TCase *tc = tcase_create("ask");

	tcase_add_loop_test(tc, test_row, 0, COUNT(rows));
	tcase_add_loop_test(tc, test_refused, 0, COUNT(refused));
	tcase_add_test(tc, test_unfolding);
	tcase_add_loop_test(tc, test_path, 0, COUNT(paths));
	tcase_add_test(tc, test_vertex_url);
	suite_add_tcase(s, tc);
	return s;
}
