/* SPDX-License-Identifier: MIT */
/* A process that holds keys keeps them out of dumps, environments and other users' reach.
 */
#include "config.h"

#include "master/harden.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "master/conf.h"

static const char *const unwanted[] = {
	"http_proxy",	 "https_proxy",	   "HTTPS_PROXY", "HTTP_PROXY",
	"all_proxy",	 "ALL_PROXY",	   "no_proxy",	  "NO_PROXY",
	"SSLKEYLOGFILE", "CURL_CA_BUNDLE", "CURL_HOME",	  "NETRC",
};

void harden_environment(void)
{
	conf_env_forget();
	for (size_t i = 0; i < sizeof(unwanted) / sizeof(unwanted[0]); i++)
		(void)unsetenv(unwanted[i]); /* fails for a bad name only */
}

void harden_process(void)
{
	struct rlimit none = { 0, 0 };

	(void)prctl(PR_SET_DUMPABLE, 0);
	(void)setrlimit(RLIMIT_CORE, &none); /* to less is always allowed */
}

int64_t harden_descriptors(void)
{
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) < 0)
		return 0;
	files.rlim_cur = files.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &files); /* what we have is read again below */
	if (getrlimit(RLIMIT_NOFILE, &files) < 0 || files.rlim_cur > INT32_MAX)
		return INT32_MAX;
	return (int64_t)files.rlim_cur;
}

void harden_user(struct str user)
{
	const struct passwd *who;

	if (geteuid() != 0)
		return;
	who = user.len ? getpwnam(user.ptr) : NULL;
	if (!who)
		die("cannot run as user \"%.*s\": there is none of that name. Set user "
		    "in nim.conf, or "
		    "start as an ordinary user",
		    STR_ARG(user));
	if (who->pw_uid == 0) {
		log_say(LOG_LEVEL_WARN, "user",
			"running as root, as user in nim.conf says");
		return;
	}
	if (setgroups(0, NULL) < 0 || setgid(who->pw_gid) < 0 || setuid(who->pw_uid) < 0)
		die("cannot become user %s: %s. In a container without that right, set "
		    "user = \"root\" in nim.conf",
		    who->pw_name, strerror(errno));
	if (setuid(0) == 0 || geteuid() == 0)
		die("cannot become user %s: root could be had back", who->pw_name);
	(void)prctl(PR_SET_DUMPABLE, 0); /* changing the user has changed it */
	log_say(LOG_LEVEL_INFO, "user", "started as root, running as %s", who->pw_name);
}
