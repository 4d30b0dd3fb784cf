"use strict";
(() => {
	const EVERY_MS = 2000;
	let seen = Date.now();

	// Makes an old tree equal to a new one and leaves alone what is equal already: scroll, selection and focus stay.
	const sameAttributes = (a, b) => {
		for (const name of a.getAttributeNames())
			if (!b.hasAttribute(name))
				a.removeAttribute(name);
		for (const name of b.getAttributeNames())
			if (a.getAttribute(name) !== b.getAttribute(name))
				a.setAttribute(name, b.getAttribute(name));
	};
	const same = (a, b) => {
		if (a.nodeType !== b.nodeType || a.nodeName !== b.nodeName) {
			a.replaceWith(document.importNode(b, true));
			return;
		}
		if (a.nodeType === Node.TEXT_NODE) {
			if (a.data !== b.data)
				a.data = b.data;
			return;
		}
		sameAttributes(a, b);
		while (a.childNodes.length > b.childNodes.length)
			a.lastChild.remove();
		for (let i = 0; i < b.childNodes.length; i++)
			if (a.childNodes[i])
				same(a.childNodes[i], b.childNodes[i]);
			else
				a.append(document.importNode(b.childNodes[i], true));
	};

	const localTimes = (root) => {
		for (const t of root.querySelectorAll("time[data-unix]"))
			t.textContent = new Date(t.dataset.unix * 1000).toLocaleString();
	};
	const stale = () => {
		const seconds = Math.round((Date.now() - seen) / 1000);
		document.body.classList.add("stale");
		document.getElementById("when").textContent = `No answer for ${seconds} s: these numbers are old.`;
	};

	const refresh = async () => {
		if (document.hidden)
			return;
		try {
			const answer = await fetch(location.href, { cache: "no-store", signal: AbortSignal.timeout(5000) });
			if (!answer.ok)
				throw new Error(answer.status);
			const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
			localTimes(fresh);
			document.body.classList.remove("stale");
			document.title = fresh.title;
			same(document.querySelector("header"), fresh.querySelector("header"));
			same(document.querySelector("main"), fresh.querySelector("main"));
			seen = Date.now();
		} catch {
			stale();
		}
	};
	const turn = async () => {
		await refresh();
		setTimeout(turn, EVERY_MS);
	};

	localTimes(document);
	document.addEventListener("visibilitychange", refresh);
	setTimeout(turn, EVERY_MS);
})();
