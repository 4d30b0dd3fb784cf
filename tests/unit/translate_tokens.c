/* SPDX-License-Identifier: MIT */
/*
 * Estimates against real vocabularies: texts of the kinds that requests are made of, with
 * what o200k, Llama 3 and Qwen 3 count.  The estimate is near the mean of the three.
 */
#include "config.h"

#include "translate/tokens.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "tests/unit/unit.h"
#include "translate/jget.h"
#include "translate/jput.h"

#define COUNT(table) (int)(sizeof(table) / sizeof(table[0]))

/* counts: o200k, Llama 3, Qwen 3. percent: how far the estimate may be off. */
/* clang-format off */
static const struct {
	const char *name;
	int counts[3];
	int percent;
	const char *text;
} texts[] = {
	{ "English prose", { 94, 94, 94 }, 15,
	  "The harbour was quiet when the last ferry came in. A few people "
	  "walked down the ramp, pulled their coats tighter and looked for "
	  "the bus that should have been waiting. It was not there. Somebody "
	  "laughed, somebody else began to complain about the timetable, "
	  "and an old man with two heavy bags simply sat down on the wall "
	  "to watch the water. He had learned long ago that most things arrive "
	  "sooner or later, and that waiting is easier with something to "
	  "look at.\n" },
	{ "English instructions", { 80, 80, 80 }, 15,
	  "You are a careful assistant that edits source code. Read the file "
	  "before you change it, keep the existing style, and never remove "
	  "comments that you do not understand. When a test fails, explain "
	  "the reason in one sentence before you propose a fix. Do not invent "
	  "functions; if a library is missing, say so and stop. Use absolute "
	  "paths, and answer briefly unless the user asks for details.\n" },
	{ "C source", { 150, 150, 150 }, 15,
	  "static int parse_header(struct reader *r, const char *line, size_t "
	  "len)\n"
	  "{\n"
	  "\tconst char *colon = memchr(line, ':', len);\n"
	  "\tif (!colon || colon == line)\n"
	  "\t\treturn -EINVAL;\n"
	  "\tsize_t name_len = (size_t)(colon - line);\n"
	  "\tfor (size_t i = 0; i < name_len; i++) {\n"
	  "\t\tif (!is_token_char(line[i]))\n"
	  "\t\t\treturn -EINVAL;\n"
	  "\t}\n"
	  "\tif (r->field_count >= MAX_FIELDS) {\n"
	  "\t\tlog_warn(\"too many fields: %zu\", r->field_count);\n"
	  "\t\treturn -E2BIG;\n"
	  "\t}\n"
	  "\tr->fields[r->field_count++] = (struct field){ line, name_len "
	  "};\n"
	  "\treturn 0;\n"
	  "}\n" },
	{ "Python source", { 145, 144, 146 }, 15,
	  "class Inventory:\n"
	  "    \"\"\"Counts items by name and remembers who took them.\"\"\"\n"
	  "\n"
	  "    def __init__(self, capacity=100):\n"
	  "        self.capacity = capacity\n"
	  "        self.items = {}\n"
	  "\n"
	  "    def take(self, name, amount=1, user=None):\n"
	  "        available = self.items.get(name, 0)\n"
	  "        if amount <= 0 or amount > available:\n"
	  "            raise ValueError(f\"cannot take {amount} of {name!r}: "
	  "{available} left\")\n"
	  "        self.items[name] = available - amount\n"
	  "        for listener in self.listeners:\n"
	  "            listener.on_taken(name, amount, user)\n"
	  "        return self.items[name]\n"
	  "\n"
	  "\n"
	  "if __name__ == \"__main__\":\n"
	  "    print(Inventory().take(\"apple\"))\n" },
	{ "JSON schema", { 107, 104, 107 }, 15,
	  "{\"name\":\"search_files\",\"description\":\"Searches the files of a "
	  "folder for a regular expression and returns matching lines.\",\"input_"
	  "schema\":{\"type\":\"object\",\"propert"
	  "ies\":{\"pattern\":{\"type\":\"string\",\"d"
	  "escription\":\"The regular expression to look for\"},\"path\":{\"type\":\"st"
	  "ring\",\"description\":\"Folder to start in; the current one when "
	  "absent\"},\"max_results\":{\"type\":\"i"
	  "nteger\",\"minimum\":1,\"maximum\":1000,"
	  "\"default\":50},\"case_sensitive\":{\"t"
	  "ype\":\"boolean\"}},\"required\":[\"patt"
	  "ern\"],\"additionalProperties\":false}}\n" },
	{ "Markdown", { 113, 112, 114 }, 15,
	  "## Installation\n"
	  "\n"
	  "1. Install the compiler and the libraries: `apt install gcc make "
	  "libcurl4-openssl-dev`\n"
	  "2. Unpack the archive and run `./configure --prefix=/usr/local`\n"
	  "3. Build with `make`, then test with `make check`\n"
	  "\n"
	  "| Option | Default | Meaning |\n"
	  "|---|---|---|\n"
	  "| `--port` | 8080 | where to listen |\n"
	  "| `--verbose` | off | **more** messages |\n"
	  "\n"
	  "See [the manual](https://example.org/docs/manual.html) for details.\n" },
	{ "Listing", { 152, 158, 188 }, 15,
	  "total 48\n"
	  "drwxr-xr-x  2 anna staff  4096 Mar  3 09:15 build\n"
	  "-rw-r--r--  1 anna staff  1832 Mar  3 09:12 config.h\n"
	  "-rw-r--r--  1 anna staff 20517 Feb 27 18:40 main.c\n"
	  "-rw-r--r--  1 anna staff   734 Feb 27 18:38 Makefile\n"
	  "-rwxr-xr-x  1 anna staff 91208 Mar  3 09:15 server\n"
	  "-rw-r--r--  1 anna staff  6120 Jan 14 11:02 README.md\n" },
	{ "German", { 113, 139, 138 }, 15,
	  "Der Hafen lag still, als die letzte Fähre anlegte. Ein paar Leute "
	  "gingen die Rampe hinunter, zogen ihre Mäntel enger und suchten "
	  "den Bus, der längst hätte warten sollen. Er war nicht da. Jemand "
	  "lachte, ein anderer begann über den Fahrplan zu schimpfen, und "
	  "ein alter Mann mit zwei schweren Taschen setzte sich einfach auf "
	  "die Mauer, um das Wasser zu betrachten. Die Verspätung kam für "
	  "niemanden überraschend, denn die Verkehrsgesellschaft hatte ihre "
	  "Zuverlässigkeit schon vor Jahren verloren.\n" },
	{ "French", { 90, 108, 108 }, 15,
	  "Le port était calme quand le dernier bateau est arrivé. Quelques "
	  "personnes sont descendues, ont resserré leur manteau et ont cherché "
	  "le bus qui aurait dû les attendre. Il n'était pas là. Quelqu'un "
	  "a ri, un autre s'est plaint de l'horaire, et un vieil homme chargé "
	  "de deux sacs s'est assis sur le mur pour regarder l'eau. Il savait "
	  "depuis longtemps que tout finit par arriver.\n" },
	{ "Chinese", { 114, 117, 97 }, 15,
	  "最后一班渡轮靠岸时，港口十分安静。几个人走下坡道，拉紧外套，寻找本来"
	  "应该等在那里的公共汽车。可是车不在。有人笑了，有人开始抱怨时刻表，一"
	  "位提着两个重袋子的老人干脆坐在墙上看海。他早就明白，大多数事情迟早都"
	  "会来，而等待的时候有东西可看会轻松一些。请先阅读文件，再修改代码，并"
	  "用一句话说明测试失败的原因。\n" },
	{ "Japanese", { 128, 118, 114 }, 15,
	  "最後のフェリーが着いたとき、港は静かだった。数人の乗客が坂を下り、コ"
	  "ートの襟を立てて、待っているはずのバスを探した。しかしバスはいなかっ"
	  "た。誰かが笑い、別の誰かが時刻表に文句を言い始め、重い袋を二つ持った"
	  "老人は壁に腰を下ろして海を眺めた。ファイルを読んでからコードを変更し"
	  "、テストが失敗した理由を一文で説明してください。\n" },
	{ "Korean", { 91, 87, 102 }, 15,
	  "마지막 배가 들어왔을 때 항구는 조용했다. 몇 사람이 경사로를 내려와 "
	  "외투를 여미고 기다리고 있어야 할 버스를 찾았다. 버스는 없었다. "
	  "누군가는 웃었고, 다른 누군가는 시간표를 불평하기 시작했으며, 무거운 "
	  "가방 두 개를 든 노인은 담장에 앉아 바다를 바라보았다.\n" },
	{ "Russian", { 81, 95, 113 }, 15,
	  "Когда пришёл последний паром, в порту было тихо. Несколько человек "
	  "спустились по трапу, плотнее запахнули пальто и стали искать автобус"
	  ", который должен был ждать. Его не было. Кто-то засмеялся, кто-то "
	  "начал ругать расписание, а старик с двумя тяжёлыми сумками просто "
	  "сел на стену и стал смотреть на воду.\n" },
	{ "Emoji", { 59, 67, 61 }, 15,
	  "Great work! 🎉🎉 The build is green ✅ and the tests pass 🚀. "
	  "Thanks to everyone 🙏😀 who helped. Next week: beach 🏖 and ice "
	  "cream 🍦🍦, or rain ☔ and tea ☕. See you 👋😎\n" },
	{ "Numbers", { 93, 93, 151 }, 15,
	  "2024-03-17 08:15:02 4711 0.00273 118.5 99999 12 7 1048576 3.14159265"
	  " 2147483647 192.168.17.4:8080 65535 1e-6 42 2024-03-17 08:15:09 "
	  "4712 0.01899 231.0\n" },
	{ "Base64", { 83, 85, 85 }, 25,
	  "iVBORw0KGgoAAAANSUhEUgAAAHgAAAB4CAYAAAA5ZDbSAAAACXBIWXMAAAsTAAALEwEA"
	  "mpwYAAAGqUlEQVR4nO2dW4gcRRSGP7PeEt1oNF6iiXhX8BIvUWOMGh+8RPFBRVQ\n" },
};
/* clang-format on */

/* The kinds of text that every one of the three vocabularies is held to, not their mean.
 */
static const char *const kinds[] = { "English prose", "C source", "Python source",
				     "JSON schema",   "German",	  "Chinese",
				     "Japanese",      "Emoji" };

static void check_near(const char *name, int64_t tokens, const int counts[3])
{
	for (int i = 0; i < 3; i++) {
		double off = ((double)tokens / counts[i] - 1) * 100;

		ck_assert_msg(off < 15 && off > -15, "%s: %d of %d, %+.0f %%", name,
			      (int)tokens, counts[i], off);
	}
}

START_TEST(estimates_are_near_each_vocabulary)
{
	for (int i = 0; i < COUNT(texts); i++)
		if (strcmp(texts[i].name, kinds[_i]) == 0)
			check_near(texts[i].name, tokens_text(str_of(texts[i].text)),
				   texts[i].counts);
}
END_TEST

/* The request of a coding agent as Qwen's template lays it out, marks one token each. */
START_TEST(a_whole_request_is_near_each_vocabulary)
{
	static const int counts[] = { 2484, 2498, 2529 };
	const char *top = getenv("srcdir");
	char path[4096];
	struct json_object *root;

	(void)snprintf(path, sizeof(path), "%s/tests/unit/request.json", top ? top : ".");
	root = json_object_from_file(path);
	ck_assert_msg(root != NULL, "%s", path);
	check_near("request", tokens_request(root, false), counts);
	check_near("request, roughly", tokens_request(root, true), counts);
	json_object_put(root);
}
END_TEST

START_TEST(estimates_are_near_real_counts)
{
	const int *counts = texts[_i].counts;
	double mean = (counts[0] + counts[1] + counts[2]) / 3.0;
	int64_t tokens = tokens_text(str_of(texts[_i].text));
	double off = ((double)tokens / mean - 1) * 100;
	ck_assert_msg(off < texts[_i].percent && off > -texts[_i].percent,
		      "%s: %d of %.0f, %+.0f %%", texts[_i].name, (int)tokens, mean, off);
}
END_TEST

static const struct {
	const char *in;
	size_t len;
	int64_t least, most;
} small[] = {
	{ "", 0, 0, 0 },
	{ "a", 1, 1, 1 },
	{ " ", 1, 1, 1 },
	{ "\n", 1, 1, 1 },
	{ "\0\0", 2, 1, 2 },
	{ "hello", 5, 1, 1 },
	{ "\xff", 1, 1, 1 },
	{ "\xc3", 1, 1, 1 },
	{ "\xed\xa0\x80", 3, 1, 3 },
	{ "\xc3\xa9", 2, 1, 2 },
	{ "\xf0\x9f\x98\x80", 4, 1, 3 },
	{ "\xf4\x8f\xbf\xbf", 4, 1, 3 },
	{ "\xe6\xbc\xa2\xff", 4, 1, 3 },
};

START_TEST(small_and_wrong_texts_count_a_little)
{
	char *copy = malloc(small[_i].len + 1); /* so that a read beyond it is seen */
	ck_assert_ptr_nonnull(copy);
	memcpy(copy + 1, small[_i].in, small[_i].len);
	int64_t tokens = tokens_text((struct str){ copy + 1, small[_i].len });
	free(copy);
	ck_assert_int_ge(tokens, small[_i].least);
	ck_assert_int_le(tokens, small[_i].most);
}
END_TEST

static const char *const floods[] = { "a",	  "A",
				      "1",	  "!",
				      " ",	  "\n",
				      "\xc3\xa9", "\xe6\xbc\xa2",
				      "\xff",	  "\xed\xa0\x80",
				      "aB",	  "a1",
				      "! ",	  "\xc3\xa9\xe6\xbc\xa2" };

START_TEST(time_is_linear_in_the_bytes)
{
	size_t unit = strlen(floods[_i]), len = 0, size = 8 << 20;
	char *text = malloc(size);
	ck_assert_ptr_nonnull(text);
	for (; len + unit <= size; len += unit)
		memcpy(text + len, floods[_i], unit);
	clock_t start = clock();
	int64_t tokens = tokens_text((struct str){ text, len });
	double seconds = (double)(clock() - start) / CLOCKS_PER_SEC;
	free(text);
	ck_assert_int_gt(tokens, 0);
	ck_assert_msg(seconds < 4, "%.3f s", seconds);
}
END_TEST

/* least and most: what the text in it counts, with the overhead of roles and tools. */
static const struct {
	const char *name, *request;
	int64_t least, most;
} requests[] = {
	{ "nothing", "{}", 1, 10 },
	{ "no object", "[]", 1, 10 },
	{ "one word", "{\"messages\":[{\"role\":\"user\",\"content\":\"hello\"}]}", 5,
	  15 },
	{ "one word in a block",
	  "{\"messages\":[{\"content\":[{\"type\":\"text\",\"text\":\"hello\"}]}]}", 5,
	  15 },
	{ "system text",
	  "{\"system\":\"one two three four five six seven eight nine "
	  "ten\",\"messages\":[]}",
	  12, 25 },
	{ "system blocks",
	  "{\"system\":[{\"type\":\"text\",\"text\":\"one two three four five\"},"
	  "{\"type\":\"text\",\"text\":\"six seven eight nine ten\"}]}",
	  12, 25 },
	{ "image",
	  "{\"messages\":[{\"content\":[{\"type\":\"image\",\"source\":{\"type\":"
	  "\"base64\","
	  "\"media_type\":\"image/png\",\"data\":\"iVBORw0KGgoAAAANSUhEUgAAAHg\"}}]}]}",
	  TOKENS_IMAGE, TOKENS_IMAGE + 15 },
	{ "two images, one by URL in a result",
	  "{\"messages\":[{\"content\":[{\"type\":\"image\",\"source\":{\"type\":"
	  "\"base64\"}},"
	  "{\"type\":\"tool_result\",\"content\":[{\"type\":\"image\",\"source\":"
	  "{\"type\":\"url\",\"url\":\"https://example.org/a.png\"}}]}]}]}",
	  2 * TOKENS_IMAGE, 2 * TOKENS_IMAGE + 30 },
	{ "text document",
	  "{\"messages\":[{\"content\":[{\"type\":\"document\",\"source\":{\"type\":"
	  "\"text\","
	  "\"data\":\"one two three four five\"}}]}]}",
	  8, 20 },
	{ "call and result",
	  "{\"messages\":[{\"role\":\"assistant\",\"content\":[{\"type\":\"tool_use\","
	  "\"id\":\"toolu_1\",\"name\":\"ls\",\"input\":{\"path\":\"/tmp\"}}]},"
	  "{\"role\":\"user\",\"content\":[{\"type\":\"tool_result\",\"tool_use_id\":"
	  "\"toolu_1\",\"content\":\"one two three\"}]}]}",
	  25, 60 },
	{ "tool",
	  "{\"tools\":[{\"name\":\"ls\",\"description\":\"Lists a "
	  "folder\",\"input_schema\":"
	  "{\"type\":\"object\",\"properties\":{\"path\":{\"type\":\"string\"}}}}]}",
	  100, 250 },
	{ "empty tools", "{\"tools\":[]}", 1, 10 },
	{ "wrong types",
	  "{\"system\":7,\"tools\":[1,null,{\"name\":2}],\"messages\":[null,3,{"
	  "\"content\":4},"
	  "{\"content\":[5,null,{\"text\":[],\"source\":1,\"content\":{}}]}]}",
	  1, 250 },
};

START_TEST(requests_count_their_texts_and_frames)
{
	struct json_object *root = jget_parse(str_of(requests[_i].request));
	ck_assert_ptr_nonnull(root);
	int64_t tokens = tokens_request(root, false);
	ck_assert_msg(tokens >= requests[_i].least && tokens <= requests[_i].most,
		      "%s: %d", requests[_i].name, (int)tokens);
	json_object_put(root);
}
END_TEST

/* Six copies, so that each text is long enough not to be counted in full. */
START_TEST(a_rough_count_is_near_the_full_one)
{
	struct buf json;
	buf_init(&json, 1 << 20);
	buf_lit(&json, "{\"messages\":[{\"role\":\"user\",\"content\":\"");
	for (int i = 0; i < 6; i++)
		jput_escaped(&json, str_of(texts[_i].text));
	buf_lit(&json, "\"}]}");
	struct json_object *root = jget_parse(buf_str(&json));
	double full = (double)tokens_request(root, false);
	double off = ((double)tokens_request(root, true) / full - 1) * 100;
	ck_assert_msg(off < 15 && off > -15, "%s: %+.0f %%", texts[_i].name, off);
	json_object_put(root);
	buf_release(&json);
}
END_TEST

static Suite *make_suite(void)
{
	Suite *suite = suite_create("tokens");
	TCase *tcase = tcase_create("[B5]");
	tcase_set_timeout(tcase, 60);
	tcase_add_loop_test(tcase, estimates_are_near_real_counts, 0, COUNT(texts));
	tcase_add_loop_test(tcase, estimates_are_near_each_vocabulary, 0, COUNT(kinds));
	tcase_add_test(tcase, a_whole_request_is_near_each_vocabulary);
	tcase_add_loop_test(tcase, a_rough_count_is_near_the_full_one, 0, COUNT(texts));
	tcase_add_loop_test(tcase, small_and_wrong_texts_count_a_little, 0, COUNT(small));
	tcase_add_loop_test(tcase, time_is_linear_in_the_bytes, 0, COUNT(floods));
	tcase_add_loop_test(tcase, requests_count_their_texts_and_frames, 0,
			    COUNT(requests));
	suite_add_tcase(suite, tcase);
	return suite;
}

UNIT_MAIN(make_suite)
