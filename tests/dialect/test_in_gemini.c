#include "tests/suite.h"

#include "tests/dialect/harvest.h"
#include "tests/dialect/inbound_rows.h"

static const struct inbound_row rows[] = {
	{ .title = "minimum",
	    .in = "{'contents':[{'parts':[{'text':'hi'}]}]}",
	    .out =
		"{'model':'gem','messages':[{'role':'user','content':'hi'}]}" },
	{ .title = "stream",
	    .in = "{'contents':[{'role':'user','parts':[{'text':'a'},{'text':"
		  "'b'}]}]}",
	    .out =
		"{'model':'gem','stream':true,'messages':[{'role':'user',"
		"'content':[{'type':'text','text':'a'},{'type':'text','text':"
		"'b'}]}]}" },
	{ .title = "one part alone",
	    .in = "{'contents':[{'role':'user','parts':{'text':'a'}}]}",
	    .out =
		"{'model':'gem','messages':[{'role':'user','content':'a'}]}" },
	{ .title = "system camel",
	    .in = "{'systemInstruction':{'role':'user','parts':[{'text':'s'}]},"
		  "'contents':[{'parts':[{'text':'hi'}]}]}",
	    .out =
		"{'model':'gem','messages':[{'role':'system','content':'s'},{"
		"'role':'user','content':'hi'}]}" },
	{ .title = "system snake",
	    .in = "{'system_instruction':{'parts':[{'text':'s'},{'text':'t'}]},"
		  "'contents':[{'parts':[{'text':'hi'}]}]}",
	    .out = "{'model':'gem','messages':[{'role':'system','content':[{"
		   "'type':'text','text':'s'},{'type':'text','text':'t'}]},{"
		   "'role':'user','content':'hi'}]}" },
	{ .title = "media",
	    .in = "{'contents':[{'role':'user','parts':[{'inlineData':{"
		  "'mimeType':'image/png','data':'iV'}},{'inline_data':{"
		  "'mime_type':'audio/wav','data':'UklG'}},{'inlineData':{"
		  "'mimeType':'application/pdf','data':'JV'}},{'fileData':{"
		  "'fileUri':'https://x/y.png','mimeType':'image/png'}}]}]}",
	    .out =
		"{'model':'gem','messages':[{'role':'user','content':[{'type':"
		"'image_url','image_url':{'url':'data:image/png;base64,iV'}},{"
		"'type':'input_audio','input_audio':{'data':'UklG','format':"
		"'wav'}},{'type':'file','file':{'filename':'document.pdf',"
		"'file_data':'data:application/pdf;base64,JV'}},{'type':"
		"'image_url','image_url':{'url':'https://x/y.png'}}]}]}" },
	{ .title = "media of its own",
	    .in =
		"{'contents':[{'role':'user','parts':[{'text':'x'},{'fileData':"
		"{'fileUri':'gs://b/o','mimeType':'image/png'}},{'inlineData':{"
		"'mimeType':'video/mp4','data':'AA'}}]}]}",
	    .out = "{'model':'gem','messages':[{'role':'user','content':'x'}]}",
	    .own = "contents[0].parts[1]" },
	{ .title = "tool loop without ids",
	    .in =
		"{'contents':[{'role':'user','parts':[{'text':'w?'}]},{'role':"
		"'model','parts':[{'text':'hm','thought':true},{'functionCall':"
		"{'name':'w','args':{'c':'R\\'o'}},'thoughtSignature':'Sg=='},{"
		"'functionCall':{'name':'w','args':{'c':'O'}}},{'functionCall':"
		"{'name':'v'}}]},{'role':'user','parts':[{'functionResponse':{"
		"'name':'v','response':{'result':'five\\n'}}},{"
		"'functionResponse':{'name':'w','response':{'t':20}}},{"
		"'functionResponse':{'name':'w','response':{'result':'5','x':"
		"1}}},{'text':'so?'}]}]}",
	    .out =
		"{'model':'gem','messages':[{'role':'user','content':'w?'},{"
		"'role':'assistant','content':null,'reasoning_content':'hm',"
		"'tool_calls':[{'id':'call_1_1','type':'function','function':{"
		"'name':'w','arguments':'{\\'c\\':\\'R\\\\\\'o\\'}'},"
		"'extra_content':{'google':{'thought_signature':'Sg=='}}},{"
		"'id':'call_1_2','type':'function','function':{'name':'w',"
		"'arguments':'{\\'c\\':\\'O\\'}'}},{'id':'call_1_3','type':"
		"'function','function':{'name':'v','arguments':'{}'}}]},{"
		"'role':'tool','tool_call_id':'call_1_3','content':'five\\n'},{"
		"'role':'tool','tool_call_id':'call_1_1','content':'{\\'t\\':"
		"20}'},{'role':'tool','tool_call_id':'call_1_2','content':'{"
		"\\'result\\':\\'5\\',\\'x\\':1}'},{'role':'user','content':"
		"'so?'}]}" },
	{ .title = "same names in two turns",
	    .in =
		"{'contents':[{'role':'model','parts':[{'functionCall':{'name':"
		"'w'}}]},{'role':'function','parts':[{'functionResponse':{"
		"'name':'w','response':{}}}]},{'role':'model','parts':[{"
		"'functionCall':{'name':'w'}}]},{'role':'function','parts':[{"
		"'functionResponse':{'name':'w','response':{}}}]}]}",
	    .out =
		"{'model':'gem','messages':[{'role':'assistant','content':null,"
		"'tool_calls':[{'id':'call_0_0','type':'function','function':{"
		"'name':'w','arguments':'{}'}}]},{'role':'tool','tool_call_id':"
		"'call_0_0','content':'{}'},{'role':'assistant','content':null,"
		"'tool_calls':[{'id':'call_2_0','type':'function','function':{"
		"'name':'w','arguments':'{}'}}]},{'role':'tool','tool_call_id':"
		"'call_2_0','content':'{}'}]}" },
	{ .title = "an old call without a result",
	    .in = "{'contents':[{'role':'model','parts':[{'functionCall':{"
		  "'name':'w'}}]},{'role':'user','parts':[{'text':'no'}]},{"
		  "'role':'model','parts':[{'functionCall':{'name':'w'}}]},{"
		  "'role':'function','parts':[{'functionResponse':{'name':'w',"
		  "'response':{}}}]}]}",
	    .out = "{'model':'gem','messages':[{'role':'assistant','content':"
		   "null,'tool_calls':[{'id':'call_0_0','type':'function',"
		   "'function':{'name':'w','arguments':'{}'}}]},{'role':'user',"
		   "'content':'no'},{'role':'assistant','content':null,"
		   "'tool_calls':[{'id':'call_2_0','type':'function',"
		   "'function':{'name':'w','arguments':'{}'}}]},{'role':'tool',"
		   "'tool_call_id':'call_2_0','content':'{}'}]}" },
	{ .title = "calls of neighbouring contents",
	    .in = "{'contents':[{'role':'model','parts':[{'functionCall':{"
		  "'name':'w'}}]},{'role':'model','parts':[{'functionCall':{"
		  "'name':'v'}}]},{'parts':[{'functionResponse':{'name':'w'}},"
		  "{'functionResponse':{'name':'v'}}]}]}",
	    .out = "{'model':'gem','messages':[{'role':'assistant','content':"
		   "null,'tool_calls':[{'id':'call_0_0','type':'function',"
		   "'function':{'name':'w','arguments':'{}'}}]},{'role':"
		   "'assistant','content':null,'tool_calls':[{'id':'call_1_0',"
		   "'type':'function','function':{'name':'v','arguments':'{}'}"
		   "}]},{'role':'tool','tool_call_id':'call_0_0','content':"
		   "'{}'},{'role':'tool','tool_call_id':'call_1_0','content':"
		   "'{}'}]}" },
	{ .title = "an id and a name of the same function",
	    .in = "{'contents':[{'role':'model','parts':[{'functionCall':{"
		  "'id':'a','name':'w'}},{'functionCall':{'name':'w'}}]},{"
		  "'parts':[{'functionResponse':{'id':'a','name':'w'}},{"
		  "'functionResponse':{'name':'w'}}]}]}",
	    .out = "{'model':'gem','messages':[{'role':'assistant','content':"
		   "null,'tool_calls':[{'id':'a','type':'function','function':"
		   "{'name':'w','arguments':'{}'}},{'id':'call_0_1','type':"
		   "'function','function':{'name':'w','arguments':'{}'}}]},{"
		   "'role':'tool','tool_call_id':'a','content':'{}'},{'role':"
		   "'tool','tool_call_id':'call_0_1','content':'{}'}]}" },
	{ .title = "ids, in another order",
	    .in =
		"{'contents':[{'role':'model','parts':[{'function_call':{'id':"
		"'a','name':'w','args':{}}},{'functionCall':{'id':'b','name':"
		"'w','args':{}}}]},{'role':'user','parts':[{"
		"'function_response':{'id':'b','name':'w','response':{'result':"
		"'2'}}},{'functionResponse':{'id':'a','name':'w','response':{"
		"'result':'1'}}}]}]}",
	    .out =
		"{'model':'gem','messages':[{'role':'assistant','content':null,"
		"'tool_calls':[{'id':'a','type':'function','function':{'name':"
		"'w','arguments':'{}'}},{'id':'b','type':'function','function':"
		"{'name':'w','arguments':'{}'}}]},{'role':'tool',"
		"'tool_call_id':'b','content':'2'},{'role':'tool',"
		"'tool_call_id':'a','content':'1'}]}" },
	{ .title = "result without call",
	    .in = "{'contents':[{'role':'user','parts':[{'functionResponse':{"
		  "'name':'w','response':{}}}]}]}",
	    .out = "{'model':'gem','messages':[{'role':'tool','tool_call_id':"
		   "'call_0_0','content':'{}'}]}" },
	{ .title = "result with a picture",
	    .in =
		"{'contents':[{'role':'user','parts':[{'functionResponse':{"
		"'id':'a','name':'w','response':{'r':1},'parts':[{'inlineData':"
		"{'mimeType':'image/png','data':'iV'}}]}},{'text':'so?'}]}]}",
	    .out =
		"{'model':'gem','messages':[{'role':'tool','tool_call_id':'a',"
		"'content':'{\\'r\\':1}'},{'role':'user','content':[{'type':"
		"'image_url','image_url':{'url':'data:image/png;base64,iV'}},{"
		"'type':'text','text':'so?'}]}]}" },
	{ .title = "signatures",
	    .in = "{'contents':[{'role':'model','parts':[{'text':'a',"
		  "'thoughtSignature':'S1'},{'text':'','thought_signature':"
		  "'S2'}]}]}",
	    .out =
		"{'model':'gem','messages':[{'role':'assistant','content':'a',"
		"'reasoning_details':[{'type':'reasoning.encrypted','data':"
		"'S1','format':'google-gemini-v1','index':0},{'type':"
		"'reasoning.encrypted','data':'S2','format':'google-gemini-v1',"
		"'index':1}]}]}" },
	{ .title = "code",
	    .in = "{'contents':[{'role':'model','parts':[{'executableCode':{"
		  "'code':'1'}},{'text':'x'}]}]}",
	    .out = "{'model':'gem','messages':[{'role':'assistant','content':"
		   "'x'}]}",
	    .own = "contents[0].parts[0]" },
	{ .title = "tools",
	    .in =
		"{'contents':[{'parts':[{'text':'x'}]}],'tools':[{"
		"'functionDeclarations':[{'name':'a','description':'d',"
		"'parameters':{'type':'OBJECT','properties':{'type':{'type':"
		"'STRING','nullable':true,'minLength':'2'},'l':{'type':'ARRAY',"
		"'items':{'type':'INTEGER'}},'e':{'type':'STRING','enum':['A',"
		"'B']}},'required':['type']}},{'name':'b',"
		"'parameters_json_schema':{'type':'object'}}]}],'toolConfig':{"
		"'functionCallingConfig':{'mode':'AUTO'}}}",
	    .out =
		"{'model':'gem','messages':[{'role':'user','content':'x'}],"
		"'tools':[{'type':'function','function':{'name':'a',"
		"'description':'d','parameters':{'type':'object','properties':{"
		"'type':{'type':['string','null'],'minLength':2},'l':{'type':"
		"'array','items':{'type':'integer'}},'e':{'type':'string',"
		"'enum':['A','B']}},'required':['type']}}},{'type':'function',"
		"'function':{'name':'b','parameters':{'type':'object'}}}],"
		"'tool_choice':'auto'}" },
	{ .title = "tools as one object",
	    .in = "{'contents':[{'parts':[{'text':'x'}]}],'tools':{"
		  "'function_declarations':[{'name':'a'}]}}",
	    .out = "{'model':'gem','messages':[{'role':'user','content':'x'}],"
		   "'tools':[{'type':'function','function':{'name':'a'}}]}" },
	{ .title = "named",
	    .in = "{'contents':[{'parts':[{'text':'x'}]}],'tools':[{"
		  "'functionDeclarations':[{'name':'a'},{'name':'b'}]}],"
		  "'tool_config':{'function_calling_config':{'mode':'ANY',"
		  "'allowed_function_names':['b']}}}",
	    .out =
		"{'model':'gem','messages':[{'role':'user','content':'x'}],"
		"'tools':[{'type':'function','function':{'name':'b'}}],"
		"'tool_choice':{'type':'function','function':{'name':'b'}}}" },
	{ .title = "several",
	    .in = "{'contents':[{'parts':[{'text':'x'}]}],'tools':[{"
		  "'functionDeclarations':[{'name':'a'},{'name':'b'},{'name':"
		  "'c'}]}],'toolConfig':{'functionCallingConfig':{'mode':'ANY',"
		  "'allowedFunctionNames':['a','c']}}}",
	    .out =
		"{'model':'gem','messages':[{'role':'user','content':'x'}],"
		"'tools':[{'type':'function','function':{'name':'a'}},{'type':"
		"'function','function':{'name':'c'}}],'tool_choice':'required'"
		"}" },
	{ .title = "none",
	    .in = "{'contents':[{'parts':[{'text':'x'}]}],'tools':[{"
		  "'functionDeclarations':[{'name':'a'}]}],'toolConfig':{"
		  "'functionCallingConfig':{'mode':'NONE'}}}",
	    .out = "{'model':'gem','messages':[{'role':'user','content':'x'}],"
		   "'tools':[{'type':'function','function':{'name':'a'}}],"
		   "'tool_choice':'none'}" },
	{ .title = "validated",
	    .in = "{'contents':[{'parts':[{'text':'x'}]}],'tools':[{"
		  "'functionDeclarations':[{'name':'a'}]}],'toolConfig':{"
		  "'functionCallingConfig':{'mode':'VALIDATED'},"
		  "'includeServerSideToolInvocations':true}}",
	    .out = "{'model':'gem','messages':[{'role':'user','content':'x'}],"
		   "'tools':[{'type':'function','function':{'name':'a'}}],"
		   "'tool_choice':'auto'}",
	    .left = "toolConfig" },
	{ .title = "google tools",
	    .in =
		"{'contents':[{'parts':[{'text':'x'}]}],'tools':[{"
		"'codeExecution':null,'functionDeclarations':[{'name':'a'}]},{"
		"'googleSearch':{}}]}",
	    .out = "{'model':'gem','messages':[{'role':'user','content':'x'}],"
		   "'tools':[{'type':'function','function':{'name':'a'}}]}",
	    .own = "tools[1].googleSearch" },
	{ .title = "generation",
	    .in = "{'contents':[{'parts':[{'text':'x'}]}],'generationConfig':{"
		  "'temperature':0.5,'topP':0.9,'topK':40,'maxOutputTokens':16,"
		  "'stopSequences':['a'],'candidateCount':2,'seed':7,"
		  "'presencePenalty':0.1,'frequencyPenalty':-0.1,'logprobs':2,"
		  "'responseLogprobs':true}}",
	    .out =
		"{'model':'gem','messages':[{'role':'user','content':'x'}],"
		"'temperature':0.5,'top_p':0.9,'top_k':40,'max_tokens':16,"
		"'stop':['a'],'n':2,'seed':7,'presence_penalty':0.1,"
		"'frequency_penalty':-0.1,'top_logprobs':2,'logprobs':true}" },
	{ .title = "generation snake",
	    .in = "{'contents':[{'parts':[{'text':'x'}]}],'generation_config':{"
		  "'max_output_tokens':16,'top_p':1}}",
	    .out = "{'model':'gem','messages':[{'role':'user','content':'x'}],"
		   "'max_tokens':16,'top_p':1}" },
	{ .title = "json",
	    .in = "{'contents':[{'parts':[{'text':'x'}]}],'generationConfig':{"
		  "'responseMimeType':'application/json'}}",
	    .out = "{'model':'gem','messages':[{'role':'user','content':'x'}],"
		   "'response_format':{'type':'json_object'}}" },
	{ .title = "schema",
	    .in = "{'contents':[{'parts':[{'text':'x'}]}],'generationConfig':{"
		  "'responseMimeType':'application/json','responseSchema':{"
		  "'type':'OBJECT','properties':{'a':{'type':'NUMBER'}}}}}",
	    .out =
		"{'model':'gem','messages':[{'role':'user','content':'x'}],"
		"'response_format':{'type':'json_schema','json_schema':{'name':"
		"'output','schema':{'type':'object','properties':{'a':{'type':"
		"'number'}}}}}}" },
	{ .title = "json schema",
	    .in = "{'contents':[{'parts':[{'text':'x'}]}],'generationConfig':{"
		  "'responseMimeType':'application/json','responseJsonSchema':{"
		  "'type':'object'}}}",
	    .out =
		"{'model':'gem','messages':[{'role':'user','content':'x'}],"
		"'response_format':{'type':'json_schema','json_schema':{'name':"
		"'output','schema':{'type':'object'}}}}" },
	{ .title = "thinking none",
	    .in = "{'contents':[{'parts':[{'text':'x'}]}],'generationConfig':{"
		  "'thinkingConfig':{'thinkingBudget':0}}}",
	    .out = "{'model':'gem','messages':[{'role':'user','content':'x'}],"
		   "'reasoning_effort':'none'}" },
	{ .title = "thinking low",
	    .in = "{'contents':[{'parts':[{'text':'x'}]}],'generationConfig':{"
		  "'thinkingConfig':{'thinkingBudget':1024}}}",
	    .out = "{'model':'gem','messages':[{'role':'user','content':'x'}],"
		   "'reasoning_effort':'low'}" },
	{ .title = "thinking medium",
	    .in = "{'contents':[{'parts':[{'text':'x'}]}],'generationConfig':{"
		  "'thinkingConfig':{'thinkingBudget':8192}}}",
	    .out = "{'model':'gem','messages':[{'role':'user','content':'x'}],"
		   "'reasoning_effort':'medium'}" },
	{ .title = "thinking high",
	    .in = "{'contents':[{'parts':[{'text':'x'}]}],'generationConfig':{"
		  "'thinkingConfig':{'thinkingBudget':24576,'includeThoughts':"
		  "true}}}",
	    .out = "{'model':'gem','messages':[{'role':'user','content':'x'}],"
		   "'reasoning_effort':'high'}" },
	{ .title = "thinking free",
	    .in = "{'contents':[{'parts':[{'text':'x'}]}],'generationConfig':{"
		  "'thinkingConfig':{'thinkingBudget':-1}}}",
	    .out =
		"{'model':'gem','messages':[{'role':'user','content':'x'}]}" },
	{ .title = "thinking level",
	    .in = "{'contents':[{'parts':[{'text':'x'}]}],'generationConfig':{"
		  "'thinkingConfig':{'thinkingLevel':'HIGH'}}}",
	    .out = "{'model':'gem','messages':[{'role':'user','content':'x'}],"
		   "'reasoning_effort':'high'}" },
	{ .title = "modalities",
	    .in = "{'contents':[{'parts':[{'text':'x'}]}],'generationConfig':{"
		  "'responseModalities':['TEXT','IMAGE'],'speechConfig':{}}}",
	    .out = "{'model':'gem','messages':[{'role':'user','content':'x'}]}",
	    .own = "generationConfig.responseModalities",
	    .left = "speechConfig" },
	{ .title = "left",
	    .in =
		"{'contents':[{'parts':[{'text':'x'}]}],'safetySettings':[],"
		"'labels':{'a':'b'},'unknown':1,'model':'x','generationConfig':"
		"null}",
	    .out = "{'model':'gem','messages':[{'role':'user','content':'x'}]}",
	    .left = "safetySettings labels unknown model" },
	{ .title = "cached",
	    .in = "{'contents':[{'parts':[{'text':'x'}]}],'cached_content':'c/"
		  "1'}",
	    .out = "{'model':'gem','messages':[{'role':'user','content':'x'}]}",
	    .own = "cached_content" },
	{ .title = "respan",
	    .in =
		"{'contents':[{'parts':[{'text':'x'}]}],'customer_identifier':"
		"'c','metadata':{'a':'b'},'respan_params':{'note':'n',"
		"'generationConfig':{'seed':1}}}",
	    .out = "{'model':'gem','messages':[{'role':'user','content':'x'}],"
		   "'seed':1,'customer_identifier':'c','metadata':{'a':'b'},"
		   "'note':'n'}" },
	{ .title = "count",
	    .in = "{'generateContentRequest':{'model':'models/m','contents':[{"
		  "'parts':[{'text':'x'}]}]}}",
	    .out = "{'model':'gem','messages':[{'role':'user','content':'x'}]}",
	    .left = "model" },
	{ .title = "no contents",
	    .in = "{'generationConfig':{}}",
	    .code = "missing_required_parameter",
	    .param = "contents" },
	{ .title = "contents type",
	    .in = "{'contents':{'parts':[]}}",
	    .code = "invalid_type",
	    .param = "contents" },
	{ .title = "no contents at all",
	    .in = "{'contents':[]}",
	    .code = "invalid_value",
	    .param = "contents" },
	{ .title = "content type",
	    .in = "{'contents':['x']}",
	    .code = "invalid_type",
	    .param = "contents[0]" },
	{ .title = "parts type",
	    .in = "{'contents':[{'parts':'x'}]}",
	    .code = "invalid_type",
	    .param = "contents[0].parts" },
	{ .title = "part type",
	    .in = "{'contents':[{'parts':['x']}]}",
	    .code = "invalid_type",
	    .param = "contents[0].parts[0]" },
	{ .title = "role",
	    .in = "{'contents':[{'role':'assistant','parts':[{'text':'x'}]}]}",
	    .code = "invalid_value",
	    .param = "contents[0].role" },
	{ .title = "config type",
	    .in = "{'contents':[{'parts':[{'text':'x'}]}],'generation_config':["
		  "]}",
	    .code = "invalid_type",
	    .param = "generation_config" },
	{ .title = "cap",
	    .in = "{'contents':[{'parts':[{'text':'x'}]}],'generation_config':{"
		  "'max_output_tokens':0}}",
	    .code = "invalid_value",
	    .param = "generation_config.max_output_tokens" },
	{ .title = "cap type",
	    .in = "{'contents':[{'parts':[{'text':'x'}]}],'generationConfig':{"
		  "'maxOutputTokens':1.5}}",
	    .code = "invalid_type",
	    .param = "generationConfig.maxOutputTokens" },
	{ .title = "system type",
	    .in = "{'contents':[{'parts':[{'text':'x'}]}],'system_instruction':"
		  "'x'}",
	    .code = "invalid_type",
	    .param = "system_instruction" },
	{ .title = "function name",
	    .in = "{'contents':[{'parts':[{'text':'x'}]}],'tools':[{"
		  "'functionDeclarations':[{'description':'x'}]}]}",
	    .code = "missing_required_parameter",
	    .param = "tools[0].functionDeclarations[0].name" },
	{ .title = "prompt",
	    .in =
		"{'contents':[{'parts':[{'text':'x'}]}],'prompt':{'prompt_id':"
		"'p'}}",
	    .code = "unsupported_parameter",
	    .param = "prompt" },
};

START_TEST(test_rows)
{
	inbound_check_row(&rows[_i], inbound_gemini);
}
END_TEST

/* A member in either spelling. */
static json_object *
either(json_object *o, const char *camel, const char *snake)
{
	json_object *v = harvest_get(o, camel);

	return v != NULL ? v : harvest_get(o, snake);
}

/*
 * Ids are ours where the client has none: those of calls are taken as they
 * were minted, those of results by the order of names.
 */
static void
harvest_part(struct harvest *h, json_object *part)
{
	json_object *call = either(part, "functionCall", "function_call");
	json_object *result =
	    either(part, "functionResponse", "function_response");

	if (call != NULL) {
		harvest_call(h, "", harvest_str(call, "name"),
		    harvest_get(call, "args"));
	} else if (result != NULL) {
		json_object *response = harvest_get(result, "response");

		harvest_line(&h->results,
		    json_object_object_length(response) == 1 &&
			    json_object_is_type(harvest_get(response, "result"),
				json_type_string)
			? harvest_str(response, "result")
			: harvest_plain(response),
		    "", "");
		h->media +=
		    (unsigned)harvest_count(harvest_get(result, "parts"));
	} else if (harvest_get(part, "text") != NULL) {
		if (!json_object_get_boolean(harvest_get(part, "thought")))
			sbuf_adds(&h->texts, harvest_str(part, "text"));
	} else if (harvest_get(part, "inlineData") != NULL ||
		   harvest_get(part, "fileData") != NULL) {
		h->media++;
	}
}

static void
harvest_content(struct harvest *h, json_object *content)
{
	json_object *parts = harvest_get(content, "parts");

	for (size_t i = 0; i < harvest_count(parts); i++)
		harvest_part(h, json_object_array_get_idx(parts, i));
}

static void
harvest_gemini(struct harvest *h, json_object *body)
{
	json_object *contents = harvest_get(body, "contents");
	json_object *tools = harvest_get(body, "tools");

	/* One alone, as proto3's readers take it. */
	h->tools += (unsigned)harvest_count(
	    either(tools, "functionDeclarations", "function_declarations"));
	for (size_t i = 0; i < harvest_count(tools); i++)
		h->tools += (unsigned)harvest_count(
		    either(json_object_array_get_idx(tools, i),
			"functionDeclarations", "function_declarations"));
	harvest_content(h,
	    either(body, "systemInstruction", "system_instruction"));
	for (size_t i = 0; i < harvest_count(contents); i++)
		harvest_content(h, json_object_array_get_idx(contents, i));
}

/* Lines without what stands before their first "|". */
static void
drop_ids(struct sbuf *b)
{
	struct sbuf out = { 0 };
	char *line, *rest = b->data;

	while (rest != NULL && (line = strsep(&rest, "\n")) != NULL)
		if (strchr(line, '|') != NULL) {
			sbuf_adds(&out, strchr(line, '|'));
			sbuf_addc(&out, '\n');
		}
	sbuf_free(b);
	*b = out;
}

/* "id|text" of chat as "text||", as harvest_part() writes it. */
static void
result_lines(struct sbuf *b)
{
	struct sbuf out = { 0 };
	char *line, *rest = b->data, *text;

	while (rest != NULL && (line = strsep(&rest, "\n")) != NULL) {
		json_object *o;

		if ((text = strchr(line, '|')) == NULL)
			continue;
		o = text[1] == '{' ? json_tokener_parse(text + 1) : NULL;
		harvest_line(&out, o != NULL ? harvest_plain(o) : text + 1, "",
		    "");
		json_object_put(o);
	}
	sbuf_free(b);
	*b = out;
}

static void
compare_scalars(const char *name, json_object *from, json_object *to)
{
	static const char *const pairs[][2] = { { "temperature",
						    "temperature" },
		{ "topP", "top_p" }, { "topK", "top_k" },
		{ "maxOutputTokens", "max_tokens" }, { "candidateCount", "n" },
		{ "seed", "seed" }, { "responseLogprobs", "logprobs" } };
	json_object *config = harvest_get(from, "generationConfig");

	ck_assert_str_eq(harvest_str(to, "model"), "gem");
	for (size_t i = 0; i < COUNT(pairs); i++) {
		json_object *a = harvest_get(config, pairs[i][0]);

		if (a != NULL)
			ck_assert_msg(json_object_equal(a,
					  harvest_get(to, pairs[i][1])),
			    "%s: %s", name, pairs[i][0]);
	}
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
	if (harvest_get(a, "contents") == NULL) {
		json_object_put(a);
		return;
	}
	sbuf_add_slice(&r.text, sbuf_slice(request));
	inbound_run_text(&r, inbound_gemini, false);
	ck_assert_msg(r.done == 0, "%s: %s", name, r.err.text);
	b = json_tokener_parse(r.chat.data);
	compare_scalars(name, a, b);
	harvest_gemini(&from, a);
	harvest_chat(&to, b);
	drop_ids(&to.calls);
	drop_ids(&from.calls);
	result_lines(&to.results);
	sbuf_free(&to.thoughts);
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

START_TEST(test_recordings_51_of_which_44_fit_chat)
{
	struct seen seen = { 0, 0 };

	if (!recordings_exist())
		return;
	inbound_each("gemini", check_recorded, &seen);
	inbound_each("vertex-gemini", check_recorded, &seen);
	ck_assert_uint_ge(seen.read, 51);
	ck_assert_uint_ge(seen.read - seen.own, 44);
}
END_TEST

Suite *
test_suite(void)
{
	Suite *s = suite_create("in_gemini");
	TCase *t = tcase_create("in_gemini");

	tcase_add_loop_test(t, test_rows, 0, COUNT(rows));
	tcase_add_test(t, test_recordings_51_of_which_44_fit_chat);
	suite_add_tcase(s, t);
	return s;
}
