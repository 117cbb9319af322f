#include "tests/suite.h"

#include "tests/dialect/harvest.h"
#include "tests/dialect/inbound_rows.h"

static const struct inbound_row rows[] = {
	{ .title = "minimum",
	    .in = "{'model':'m','max_tokens':9,'messages':[{'role':'user',"
		  "'content':'hi'}]}",
	    .out = "{'messages':[{'role':'user','content':'hi'}],'model':'m',"
		   "'max_tokens':9}" },
	{ .title = "no cap",
	    .in = "{'model':'m','messages':[{'role':'user','content':'hi'}]}",
	    .out = "{'messages':[{'role':'user','content':'hi'}],'model':'m',"
		   "'max_tokens':4096}" },
	{ .title = "scalars",
	    .in =
		"{'max_tokens':5,'temperature':0.5,'top_p':1,'top_k':7,"
		"'stream':true,'stop_sequences':['a','\\u0062'],'service_tier':"
		"'standard_only','messages':[{'role':'user','content':'x'}]}",
	    .out =
		"{'messages':[{'role':'user','content':'x'}],'max_tokens':5,"
		"'temperature':0.5,'top_p':1,'top_k':7,'stream':true,'stop':["
		"'a','\\u0062'],'service_tier':'default'}" },
	{ .title = "system text",
	    .in =
		"{'max_tokens':5,'system':'Be \\'brief\\'','messages':[{'role':"
		"'user','content':'x'}]}",
	    .out = "{'messages':[{'role':'system','content':'Be \\'brief\\''},{"
		   "'role':'user','content':'x'}],'max_tokens':5}" },
	{ .title = "system blocks",
	    .in =
		"{'max_tokens':5,'system':[{'type':'text','text':'a'},{'type':"
		"'text','text':'b','cache_control':{'type':'ephemeral'}}],"
		"'messages':[{'role':'user','content':'x'}]}",
	    .out =
		"{'messages':[{'role':'system','content':[{'type':'text',"
		"'text':'a'},{'type':'text','text':'b','cache_control':{'type':"
		"'ephemeral'}}]},{'role':'user','content':'x'}],'max_tokens':"
		"5}" },
	{ .title = "late system",
	    .in = "{'max_tokens':5,'messages':[{'role':'user','content':'x'},{"
		  "'role':'system','content':[{'type':'text','text':'s'}]}]}",
	    .out =
		"{'messages':[{'role':'user','content':'x'},{'role':'system',"
		"'content':'s'}],'max_tokens':5}" },
	{ .title = "parts",
	    .in =
		"{'max_tokens':5,'messages':[{'role':'user','content':[{'type':"
		"'text','text':'a'},{'type':'image','source':{'type':'base64',"
		"'media_type':'image/png','data':'iVBO'}},{'type':'image',"
		"'source':{'type':'url','url':'https://x/y.png'},"
		"'cache_control':{'type':'ephemeral'}},{'type':'document',"
		"'title':'t.pdf','source':{'type':'base64','media_type':"
		"'application/pdf','data':'JVBE'}},{'type':'document','source':"
		"{'type':'text','media_type':'text/plain','data':'words'}}]}]}",
	    .out =
		"{'messages':[{'role':'user','content':[{'type':'text','text':"
		"'a'},{'type':'image_url','image_url':{'url':'data:"
		"image/png;base64,iVBO'}},{'type':'image_url','image_url':{"
		"'url':'https://x/y.png'},'cache_control':{'type':"
		"'ephemeral'}},{'type':'file','file':{'filename':'t.pdf',"
		"'file_data':'data:application/pdf;base64,JVBE'}},{'type':"
		"'text','text':'words'}]}],'max_tokens':5}" },
	{ .title = "own parts",
	    .in =
		"{'max_tokens':5,'messages':[{'role':'user','content':[{'type':"
		"'text','text':'a'},{'type':'document','source':{'type':'file',"
		"'file_id':'f'}},{'type':'container_upload','file_id':'f'}]}]}",
	    .out =
		"{'messages':[{'role':'user','content':'a'}],'max_tokens':5}",
	    .own = "messages[0].content[1].type" },
	{ .title = "tool loop",
	    .in =
		"{'max_tokens':5,'messages':[{'role':'user','content':'w?'},{"
		"'role':'assistant','content':[{'type':'thinking','thinking':"
		"'hm\\n','signature':'Sg=='},{'type':'redacted_thinking',"
		"'data':'Rd=='},{'type':'text','text':'let me'},{'type':"
		"'tool_use','id':'t1','name':'w','input':{'c':'R\\'o'}},{"
		"'type':'tool_use','id':'t2','name':'w','input':{}}]},{'role':"
		"'user','content':[{'type':'text','text':'and?'},{'type':"
		"'tool_result','tool_use_id':'t2','content':'5','is_error':"
		"true},{'type':'tool_result','tool_use_id':'t1','content':[{"
		"'type':'text','text':'20'},{'type':'image','source':{'type':"
		"'base64','media_type':'image/png','data':'iV'}},{'type':"
		"'text','text':'C'}]}]}],'tools':[{'name':'w','description':"
		"'d','input_schema':{'type':'object'},'strict':true,"
		"'cache_control':{'type':'ephemeral'},'defer_loading':true}]}",
	    .out =
		"{'messages':[{'role':'user','content':'w?'},{'role':"
		"'assistant','content':'let me','reasoning_details':[{'type':"
		"'reasoning.text','text':'hm\\n','signature':'Sg==','format':"
		"'anthropic-claude-v1','index':0},{'type':"
		"'reasoning.encrypted','data':'Rd==','format':"
		"'anthropic-claude-v1','index':1}],'tool_calls':[{'id':'t1',"
		"'type':'function','function':{'name':'w','arguments':'{"
		"\\'c\\':\\'R\\\\\\'o\\'}'}},{'id':'t2','type':'function',"
		"'function':{'name':'w','arguments':'{}'}}]},{'role':'tool',"
		"'tool_call_id':'t2','content':'Error: 5'},{'role':'tool',"
		"'tool_call_id':'t1','content':[{'type':'text','text':'20'},{"
		"'type':'text','text':'C'}]},{'role':'user','content':[{'type':"
		"'image_url','image_url':{'url':'data:image/png;base64,iV'}},{"
		"'type':'text','text':'and?'}]}],'tools':[{'type':'function',"
		"'function':{'name':'w','description':'d','parameters':{'type':"
		"'object'},'strict':true},'cache_control':{'type':"
		"'ephemeral'}}],'max_tokens':5}",
	    .left = "defer_loading" },
	{ .title = "results alone",
	    .in =
		"{'max_tokens':5,'messages':[{'role':'user','content':[{'type':"
		"'tool_result','tool_use_id':'t2'},{'type':'tool_result',"
		"'tool_use_id':'t3','is_error':true}]}]}",
	    .out =
		"{'messages':[{'role':'tool','tool_call_id':'t2','content':''},"
		"{'role':'tool','tool_call_id':'t3','content':'Error: '}],"
		"'max_tokens':5}" },
	{ .title = "calls alone",
	    .in = "{'max_tokens':5,'messages':[{'role':'assistant','content':[{"
		  "'type':'tool_use','id':'t1','name':'w','input':{}}]}]}",
	    .out =
		"{'messages':[{'role':'assistant','content':null,'tool_calls':["
		"{'id':'t1','type':'function','function':{'name':'w',"
		"'arguments':'{}'}}]}],'max_tokens':5}" },
	{ .title = "unsigned thoughts",
	    .in = "{'max_tokens':5,'messages':[{'role':'assistant','content':[{"
		  "'type':'thinking','thinking':'a','signature':''},{'type':"
		  "'text','text':'b'}]}]}",
	    .out = "{'messages':[{'role':'assistant','content':'b',"
		   "'reasoning_content':'a'}],'max_tokens':5}" },
	{ .title = "choice any",
	    .in = "{'max_tokens':5,'messages':[{'role':'user','content':'x'}],"
		  "'tools':[{'type':'custom','name':'w','input_schema':{}}],"
		  "'tool_choice':{'type':'any','disable_parallel_tool_use':"
		  "true}}",
	    .out =
		"{'messages':[{'role':'user','content':'x'}],'tools':[{'type':"
		"'function','function':{'name':'w','parameters':{}}}],"
		"'tool_choice':'required','parallel_tool_calls':false,"
		"'max_tokens':5}" },
	{ .title = "choice tool",
	    .in = "{'max_tokens':5,'messages':[{'role':'user','content':'x'}],"
		  "'tools':[{'name':'w'}],'tool_choice':{'type':'tool','name':"
		  "'w'}}",
	    .out =
		"{'messages':[{'role':'user','content':'x'}],'tools':[{'type':"
		"'function','function':{'name':'w'}}],'tool_choice':{'type':"
		"'function','function':{'name':'w'}},'max_tokens':5}" },
	{ .title = "choice none",
	    .in = "{'max_tokens':5,'messages':[{'role':'user','content':'x'}],"
		  "'tools':[{'name':'w'}],'tool_choice':{'type':'none'}}",
	    .out =
		"{'messages':[{'role':'user','content':'x'}],'tools':[{'type':"
		"'function','function':{'name':'w'}}],'tool_choice':'none',"
		"'max_tokens':5}" },
	{ .title = "choice unknown",
	    .in = "{'max_tokens':5,'messages':[{'role':'user','content':'x'}],"
		  "'tools':[{'name':'w'}],'tool_choice':{'type':'some'}}",
	    .out =
		"{'messages':[{'role':'user','content':'x'}],'tools':[{'type':"
		"'function','function':{'name':'w'}}],'max_tokens':5}",
	    .own = "tool_choice.type" },
	{ .title = "choice without tools",
	    .in = "{'max_tokens':5,'messages':[{'role':'user','content':'x'}],"
		  "'tool_choice':{'type':'any'}}",
	    .code = "invalid_value",
	    .param = "tool_choice" },
	{ .title = "server tools",
	    .in = "{'max_tokens':5,'messages':[{'role':'user','content':'x'}],"
		  "'tools':[{'name':'w','input_schema':{}},{'type':"
		  "'web_search_20250305','name':'web_search'}],'tool_choice':{"
		  "'type':'auto'}}",
	    .out =
		"{'messages':[{'role':'user','content':'x'}],'tools':[{'type':"
		"'function','function':{'name':'w','parameters':{}}}],"
		"'tool_choice':'auto','max_tokens':5}",
	    .own = "tools[1].type" },
	{ .title = "server tool alone",
	    .in = "{'max_tokens':5,'messages':[{'role':'user','content':'x'}],"
		  "'tools':[{'type':'bash_20250124','name':'bash'}],"
		  "'tool_choice':{'type':'any'}}",
	    .out =
		"{'messages':[{'role':'user','content':'x'}],'max_tokens':5}",
	    .own = "tools[0].type" },
	{ .title = "thinking low",
	    .in = "{'max_tokens':5,'messages':[{'role':'user','content':'x'}],"
		  "'thinking':{'type':'enabled','budget_tokens':2047}}",
	    .out = "{'messages':[{'role':'user','content':'x'}],"
		   "'reasoning_effort':'low','max_tokens':5}" },
	{ .title = "thinking medium",
	    .in = "{'max_tokens':5,'messages':[{'role':'user','content':'x'}],"
		  "'thinking':{'type':'enabled','budget_tokens':2048}}",
	    .out = "{'messages':[{'role':'user','content':'x'}],"
		   "'reasoning_effort':'medium','max_tokens':5}" },
	{ .title = "thinking high",
	    .in = "{'max_tokens':5,'messages':[{'role':'user','content':'x'}],"
		  "'thinking':{'type':'enabled','budget_tokens':12000}}",
	    .out = "{'messages':[{'role':'user','content':'x'}],"
		   "'reasoning_effort':'high','max_tokens':5}" },
	{ .title = "adaptive",
	    .in = "{'max_tokens':5,'messages':[{'role':'user','content':'x'}],"
		  "'thinking':{'type':'adaptive'}}",
	    .out = "{'messages':[{'role':'user','content':'x'}],"
		   "'reasoning_effort':'high','max_tokens':5}" },
	{ .title = "effort",
	    .in = "{'max_tokens':5,'messages':[{'role':'user','content':'x'}],"
		  "'thinking':{'type':'adaptive'},'output_config':{'effort':"
		  "'xhigh'}}",
	    .out = "{'messages':[{'role':'user','content':'x'}],"
		   "'reasoning_effort':'xhigh','max_tokens':5}" },
	{ .title = "disabled",
	    .in = "{'max_tokens':5,'messages':[{'role':'user','content':'x'}],"
		  "'thinking':{'type':'disabled'},'output_config':{'effort':"
		  "'low'}}",
	    .out =
		"{'messages':[{'role':'user','content':'x'}],'max_tokens':5}" },
	{ .title = "format",
	    .in = "{'max_tokens':5,'messages':[{'role':'user','content':'x'}],"
		  "'output_config':{'format':{'type':'json_schema','schema':{"
		  "'type':'object'}},'task_budget':{}}}",
	    .out =
		"{'messages':[{'role':'user','content':'x'}],'response_format':"
		"{'type':'json_schema','json_schema':{'name':'output','schema':"
		"{'type':'object'}}},'max_tokens':5}",
	    .left = "output_config" },
	{ .title = "metadata",
	    .in = "{'max_tokens':5,'messages':[{'role':'user','content':'x'}],"
		  "'metadata':{'user_id':'u','team':'t\\u00e9','n':1}}",
	    .out = "{'messages':[{'role':'user','content':'x'}],'max_tokens':5,"
		   "'user':'u','metadata':{'team':'t\\u00e9','n':1}}" },
	{ .title = "containers",
	    .in = "{'model':'a','max_tokens':5,'note':'body',"
		  "'customer_identifier':'b','messages':[{'role':'user',"
		  "'content':'x'}],'metadata':{'user_id':'u','x':'y',"
		  "'respan_params':{'customer_identifier':'c','model':'z',"
		  "'metadata':{'k':'v'},'seed':4,'fallback_models':['f']}}}",
	    .out = "{'messages':[{'role':'user','content':'x'}],'model':'z',"
		   "'max_tokens':5,'note':'body','customer_identifier':'c',"
		   "'fallback_models':['f'],'metadata':{'k':'v'},'user':'u'}",
	    .left = "seed" },
	{ .title = "container text",
	    .in = "{'max_tokens':5,'messages':[{'role':'user','content':'x'}],"
		  "'metadata':{'respan_params':'{\\'note\\':\\'n\\'}',"
		  "'keywordsai_params':{'note':'older','span_name':'s'}}}",
	    .out = "{'messages':[{'role':'user','content':'x'}],'max_tokens':5,"
		   "'note':'n','span_name':'s'}" },
	{ .title = "low containers",
	    .in =
		"{'messages':[{'role':'user','content':'x'}],'temperature':0.1,"
		"'respan_params':{'temperature':0.9,'max_tokens':8,'top_k':3},"
		"'extra_body':{'note':'e'},'keywordsai_params':{'max_tokens':"
		"7}}",
	    .out =
		"{'messages':[{'role':'user','content':'x'}],'temperature':0.1,"
		"'note':'e','max_tokens':8,'top_k':3}" },
	{ .title = "extra headers",
	    .in = "{'max_tokens':5,'messages':[{'role':'user','content':'x'}],"
		  "'metadata':{'extra_headers':{'x-title':'t'}}}",
	    .out = "{'messages':[{'role':'user','content':'x'}],'max_tokens':5,"
		   "'extra_headers':{'x-title':'t'}}" },
	{ .title = "left",
	    .in = "{'max_tokens':5,'messages':[{'role':'user','content':'x'}],"
		  "'container':'c','mcp_servers':[],'context_management':{},"
		  "'user':'u','n':2,'seed':null,'field_name':'x'}",
	    .out =
		"{'messages':[{'role':'user','content':'x'}],'max_tokens':5}",
	    .left =
		"container mcp_servers context_management user n field_name" },
	{ .title = "escaped names",
	    .in =
		"{'max_tokens':5,'messages':[{'rol\\u0065':'user','content':[{"
		"'typ\\u0065':'t\\u0065xt','text':'a'}]}],'\\u0073ystem':'s'}",
	    .out =
		"{'messages':[{'role':'system','content':'s'},{'role':'user',"
		"'content':'a'}],'max_tokens':5}" },
	{ .title = "no messages",
	    .in = "{'max_tokens':5,'system':'s'}",
	    .code = "missing_required_parameter",
	    .param = "messages" },
	{ .title = "empty messages",
	    .in = "{'max_tokens':5,'messages':[]}",
	    .code = "invalid_value",
	    .param = "messages" },
	{ .title = "messages type",
	    .in = "{'max_tokens':5,'messages':'x'}",
	    .code = "invalid_type",
	    .param = "messages" },
	{ .title = "message type",
	    .in = "{'max_tokens':5,'messages':['x']}",
	    .code = "invalid_type",
	    .param = "messages[0]" },
	{ .title = "no role",
	    .in = "{'max_tokens':5,'messages':[{'content':'x'}]}",
	    .code = "missing_required_parameter",
	    .param = "messages[0].role" },
	{ .title = "bad role",
	    .in = "{'max_tokens':5,'messages':[{'role':'bot','content':'x'}]}",
	    .code = "invalid_value",
	    .param = "messages[0].role" },
	{ .title = "content type",
	    .in = "{'max_tokens':5,'messages':[{'role':'user','content':1}]}",
	    .code = "invalid_type",
	    .param = "messages[0].content" },
	{ .title = "block type",
	    .in =
		"{'max_tokens':5,'messages':[{'role':'user','content':['x']}]}",
	    .code = "invalid_type",
	    .param = "messages[0].content[0]" },
	{ .title = "twice",
	    .in = "{'max_tokens':5,'messages':[{'role':'user','content':'a',"
		  "'content':'b'}]}",
	    .code = "duplicate_parameter",
	    .param = "messages[0].content" },
	{ .title = "temperature",
	    .in =
		"{'max_tokens':5,'temperature':1.1,'messages':[{'role':'user',"
		"'content':'x'}]}",
	    .code = "invalid_value",
	    .param = "temperature" },
	{ .title = "temperature type",
	    .in =
		"{'max_tokens':5,'temperature':'1','messages':[{'role':'user',"
		"'content':'x'}]}",
	    .code = "invalid_type",
	    .param = "temperature" },
	{ .title = "system type",
	    .in = "{'max_tokens':5,'system':{},'messages':[{'role':'user',"
		  "'content':'x'}]}",
	    .code = "invalid_type",
	    .param = "system" },
	{ .title = "tool name",
	    .in = "{'max_tokens':5,'messages':[{'role':'user','content':'x'}],"
		  "'tools':[{'input_schema':{}}]}",
	    .code = "missing_required_parameter",
	    .param = "tools[0].name" },
	{ .title = "tools type",
	    .in = "{'max_tokens':5,'messages':[{'role':'user','content':'x'}],"
		  "'tools':{}}",
	    .code = "invalid_type",
	    .param = "tools" },
	{ .title = "thinking type",
	    .in = "{'max_tokens':5,'messages':[{'role':'user','content':'x'}],"
		  "'thinking':'on'}",
	    .code = "invalid_type",
	    .param = "thinking" },
	{ .title = "metadata type",
	    .in = "{'max_tokens':5,'messages':[{'role':'user','content':'x'}],"
		  "'metadata':'none'}",
	    .code = "invalid_type",
	    .param = "metadata" },
	{ .title = "container type",
	    .in = "{'max_tokens':5,'messages':[{'role':'user','content':'x'}],"
		  "'metadata':{'respan_params':[]}}",
	    .code = "invalid_type",
	    .param = "metadata.respan_params" },
	{ .title = "prompt",
	    .in = "{'max_tokens':5,'messages':[{'role':'user','content':'x'}],"
		  "'prompt':{'prompt_id':'p'}}",
	    .code = "unsupported_parameter",
	    .param = "prompt" },
	{ .title = "stops type",
	    .in = "{'max_tokens':5,'messages':[{'role':'user','content':'x'}],"
		  "'stop_sequences':'x'}",
	    .out =
		"{'messages':[{'role':'user','content':'x'}],'max_tokens':5}",
	    .own = "stop_sequences" },
	{ .title = "empty",
	    .in = "{'max_tokens':5,'messages':[{'role':'user','content':[]},{"
		  "'role':'assistant','content':null}]}",
	    .out =
		"{'messages':[{'role':'user','content':''},{'role':'assistant',"
		"'content':''}],'max_tokens':5}" },
};

START_TEST(test_rows)
{
	inbound_check_row(&rows[_i], inbound_anthropic);
}
END_TEST

/* What the client said, read from its own body. */
static void harvest_block(struct harvest *h, json_object *block);

static void
harvest_result(struct harvest *h, json_object *block)
{
	json_object *content = harvest_get(block, "content");

	sbuf_adds(&h->results, harvest_str(block, "tool_use_id"));
	sbuf_addc(&h->results, '|');
	if (json_object_get_boolean(harvest_get(block, "is_error")))
		sbuf_adds(&h->results, "Error: ");
	if (json_object_is_type(content, json_type_string))
		sbuf_adds(&h->results, json_object_get_string(content));
	for (size_t i = 0; i < harvest_count(content); i++) {
		json_object *part = json_object_array_get_idx(content, i);

		if (strcmp(harvest_str(part, "type"), "text") == 0)
			sbuf_adds(&h->results, harvest_str(part, "text"));
		else
			h->media++;
	}
	sbuf_addc(&h->results, '\n');
}

static void
harvest_block(struct harvest *h, json_object *block)
{
	const char *type = harvest_str(block, "type");

	if (strcmp(type, "text") == 0)
		sbuf_adds(&h->texts, harvest_str(block, "text"));
	else if (strcmp(type, "tool_use") == 0)
		harvest_call(h, harvest_str(block, "id"),
		    harvest_str(block, "name"), harvest_get(block, "input"));
	else if (strcmp(type, "tool_result") == 0)
		harvest_result(h, block);
	else if (strcmp(type, "thinking") == 0 ||
		 strcmp(type, "redacted_thinking") == 0)
		harvest_line(&h->thoughts, harvest_str(block, "thinking"),
		    harvest_str(block, "signature"),
		    harvest_str(block, "data"));
	else
		h->media++;
}

static void
harvest_content(struct harvest *h, json_object *content)
{
	if (json_object_is_type(content, json_type_string))
		sbuf_adds(&h->texts, json_object_get_string(content));
	for (size_t i = 0; i < harvest_count(content); i++)
		harvest_block(h, json_object_array_get_idx(content, i));
}

static void
harvest_anthropic(struct harvest *h, json_object *body)
{
	json_object *messages = harvest_get(body, "messages");

	h->tools = (unsigned)harvest_count(harvest_get(body, "tools"));
	harvest_content(h, harvest_get(body, "system"));
	for (size_t i = 0; i < harvest_count(messages); i++)
		harvest_content(h,
		    harvest_get(json_object_array_get_idx(messages, i),
			"content"));
}

static void
compare_scalars(const char *name, json_object *from, json_object *to)
{
	static const char *const pairs[][2] = { { "model", "model" },
		{ "max_tokens", "max_tokens" }, { "stream", "stream" },
		{ "temperature", "temperature" }, { "top_p", "top_p" },
		{ "top_k", "top_k" }, { "stop_sequences", "stop" } };

	for (size_t i = 0; i < COUNT(pairs); i++) {
		json_object *a = harvest_get(from, pairs[i][0]);
		json_object *b = harvest_get(to, pairs[i][1]);

		if (a != NULL && !(harvest_count(a) == 0 &&
				     json_object_is_type(a, json_type_array)))
			ck_assert_msg(json_object_equal(a, b), "%s: %s", name,
			    pairs[i][0]);
	}
	ck_assert_str_eq(harvest_str(harvest_get(from, "metadata"), "user_id"),
	    harvest_str(to, "user"));
}

struct seen {
	unsigned read, own;
};

static void
check_recorded(const char *name, const struct sbuf *request,
    const struct sbuf *meta, void *arg)
{
	struct inbound_run r = { .done = 0 };
	struct harvest from = { .media = 0 }, to = { .media = 0 };
	struct seen *seen = arg;
	json_object *a = json_tokener_parse(request->data), *b;

	(void)meta;
	/* Other families have bodies of their own behind invoke. */
	if (harvest_get(a, "messages") == NULL ||
	    harvest_get(a, "schemaVersion") != NULL) {
		json_object_put(a);
		return;
	}
	sbuf_add_slice(&r.text, sbuf_slice(request));
	inbound_run_text(&r, inbound_anthropic, false);
	ck_assert_msg(r.done == 0, "%s: %s", name, r.err.text);
	b = json_tokener_parse(r.chat.data);
	compare_scalars(name, a, b);
	harvest_anthropic(&from, a);
	harvest_chat(&to, b);
	if (r.in.own_kind_only[0] == '\0')
		harvest_compare(name, &from, &to);
	seen->own += r.in.own_kind_only[0] != '\0';
	seen->read++;
	harvest_free(&from);
	harvest_free(&to);
	json_object_put(a);
	json_object_put(b);
	inbound_run_end(&r);
}

START_TEST(test_recordings_57_of_which_44_fit_chat)
{
	struct seen seen = { 0, 0 };

	if (!recordings_exist())
		return;
	inbound_each("anthropic", check_recorded, &seen);
	inbound_each("anthropic-count-tokens", check_recorded, &seen);
	inbound_each("vertex-claude", check_recorded, &seen);
	inbound_each("bedrock-invoke", check_recorded, &seen);
	inbound_each("openrouter-messages", check_recorded, &seen);
	ck_assert_uint_ge(seen.read, 57);
	ck_assert_uint_ge(seen.read - seen.own, 44);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *s = suite_create("in_anthropic");
	TCase *t = tcase_create("in_anthropic");

	tcase_add_loop_test(t, test_rows, 0, COUNT(rows));
	tcase_add_test(t, test_recordings_57_of_which_44_fit_chat);
	suite_add_tcase(s, t);
	return s;
}
