BEGIN TRANSACTION;
CREATE TABLE body (
    digest TEXT PRIMARY KEY,
    json TEXT NOT NULL
) WITHOUT ROWID;
INSERT INTO "body" VALUES('018b87baffc3300efa1411b4f226d982cd0180cb43173c313f82c79420439d9f','{"cluster":"thread-1","id":"mail-3","references":["The meeting is on friday at 3.","Bring notes to the meeting."],"variables":{"body":"Dear all, the meeting is on friday at 3 in room 3. Bring notes.","subject":"Meeting number 3","thread":"thread-1"}}');
INSERT INTO "body" VALUES('0caf45550974b686b2f7525a9ab5f712661b2608c61795132b59eebdd95fbfb3','{"cluster":"thread-0","id":"mail-1","references":["The meeting is on friday at 1.","Bring notes to the meeting."],"variables":{"body":"Dear all, the meeting is on friday at 1 in room 1. Bring notes.","subject":"Meeting number 1","thread":"thread-0"}}');
INSERT INTO "body" VALUES('1e39cd75c7ad3158019b692945faa7cbaccd05113a00f2ab79fd367ad56d9635','{"candidates":[{"model":"fake:a","model_identity":"13d4c3f128a2a163ad514ab7a8200ec9bca3a8f50c5a80869f4bf2ab2b6bee39","name":"plain","prompt":{"digest":"c3930ed10d17b413ef9f268517abd1fa82c5a0017d8d3985ed7d871425303388","name":"plain","path":"prompts/plain.j2","source":"{% block system %}You summarize emails.{% endblock %}\n{% block user %}\n{% block instruction %}Summarize this email.{% endblock %}\n\n{% block input %}{{ subject }}: {{ body }}{% endblock %}\n{% endblock %}\n"},"sampling":{"max_tokens":16,"repetition_penalty":1.0,"seed":0,"stop":[],"temperature":0.0,"top_k":0,"top_p":1.0}},{"model":"fake:a","model_identity":"13d4c3f128a2a163ad514ab7a8200ec9bca3a8f50c5a80869f4bf2ab2b6bee39","name":"brief","prompt":{"digest":"bcc0e11e06e3fdfc95d3281c406bf9edcd6b881b9db6a128059256e8ac69fa2d","name":"brief","path":"prompts/brief.j2","source":"{% extends \"plain.j2\" %}\n{% block instruction %}In one short sentence, what does this email want?{% endblock %}\n\n{# plain.j2 #}\n{% block system %}You summarize emails.{% endblock %}\n{% block user %}\n{% block instruction %}Summarize this email.{% endblock %}\n\n{% block input %}{{ subject }}: {{ body }}{% endblock %}\n{% endblock %}\n"},"sampling":{"max_tokens":16,"repetition_penalty":1.0,"seed":0,"stop":[],"temperature":0.0,"top_k":0,"top_p":1.0}}],"description":"Short summaries of made-up emails","manifest":{"cases":{"evaluated":4,"limit":4,"split":"test"},"command":"promptbench run suites/mail.yaml --limit 4","data":{"dev":{"file":"suites/mail/dev.jsonl","sha256":"5e29ba1c80f13e6b4399be911dd9eae3b4d9e9c0f13511261b89e010e4213034"},"test":{"file":"suites/mail/test.jsonl","sha256":"583bb3f85a98aef923a979dddc59e22aabf62d2b7cc3c417010fe30eaf9ebf42"},"train":{"file":"suites/mail/train.jsonl","sha256":"a9e0348a7fbaea6642cfba4bb4e94355640742c1df5dbbd93742bac877dd1989"}},"examples":{},"hardware":{"cores":"2","memory":"24 GB","processor":"AMD EPYC","system":"Linux x86_64"},"models":{"fake:a":{"architecture":"fake","backend":"fake","context":0,"family":"decoder-only","identity":"13d4c3f128a2a163ad514ab7a8200ec9bca3a8f50c5a80869f4bf2ab2b6bee39","parameters":1000,"self-check":"not run (promptbench check-model)"}},"prompts":{"brief":"bcc0e11e06e3fdfc95d3281c406bf9edcd6b881b9db6a128059256e8ac69fa2d","plain":"c3930ed10d17b413ef9f268517abd1fa82c5a0017d8d3985ed7d871425303388"},"repeats":1,"sampling":{"all":{"max_tokens":16,"repetition_penalty":1.0,"stop":[],"temperature":0.0}},"seed":null,"suite":{"file":"suites/mail.yaml","sha256":"547a7fb4b349afef55fa0568c87f45580eaab9672aca12d3cbb4ef1579d0f7ff"},"versions":{"jinja2":"3.1.6","promptbench":"0.1.0","python":"3.11.7","rouge-score":"0.1.2","scipy":"1.17.1","sentencex":"1.0.32","tokenizers":"0.23.3","torch":"2.13.0+cpu","transformers":"5.23.0"}},"metrics":[{"binary":false,"description":"F1 of longest common subsequence of words, over the text as one line; best of references. Lin 2004, ROUGE: A Package for Automatic Evaluation of Summaries; computed by rouge-score (google-research/rouge). Words are lowercase runs of a-z and 0-9: other scripts are not read.","direction":"higher","high":1.0,"label":"rougeL F1, best of references","low":0.0,"name":"rougeL","settings":{"metric":"rougeL","references":"best","stemmer":false}},{"binary":true,"description":"1 if the text keeps to the bounds. Words are what white space separates.","direction":"higher","high":1.0,"label":"words <= 8","low":0.0,"name":"words","settings":{"max":8,"metric":"words","min":null}}],"primary":"rougeL","repeats":1,"split":"test","suite":"mail"}');
INSERT INTO "body" VALUES('81ed2f571427c86bfe5a61d350d1b05543b4f08d1d2606ab4051d85c3672a6d8','{"cluster":"thread-0","id":"mail-0","references":["The meeting is on friday at 0.","Bring notes to the meeting."],"variables":{"body":"Dear all, the meeting is on friday at 0 in room 0. Bring notes.","subject":"Meeting number 0","thread":"thread-0"}}');
INSERT INTO "body" VALUES('e7943fe4d524dd36bda947a0f6f4273724359bf46f2bfae9e564629b2322291d','{"cluster":"thread-1","id":"mail-2","references":["The meeting is on friday at 2.","Bring notes to the meeting."],"variables":{"body":"Dear all, the meeting is on friday at 2 in room 2. Bring notes.","subject":"Meeting number 2","thread":"thread-1"}}');
CREATE TABLE completion (
    id INTEGER PRIMARY KEY,
    key TEXT NOT NULL REFERENCES request (key),
    created TEXT NOT NULL,
    text TEXT NOT NULL,
    prompt_tokens INTEGER NOT NULL,
    output_tokens INTEGER NOT NULL,
    finish_reason TEXT NOT NULL,
    seconds REAL NOT NULL,
    error TEXT NOT NULL
);
INSERT INTO "completion" VALUES(1,'908b85b3d2ec8b8b30d55189062be97e9c4a3c1577473a72388d101df5b8b2ff','2026-11-27T21:13:34Z','room the on on meeting is notes on',39,8,'stop',0.25,'');
INSERT INTO "completion" VALUES(2,'8672919080d1a2cc5ab176018b430d487fd6da13b58217636e138bf3caad9c5d','2026-11-27T21:13:34Z','is room room room on',32,5,'stop',0.25,'');
INSERT INTO "completion" VALUES(3,'1a20101590d03d4bf7c5a41b7176f7c8d696589b0169028157c03ffc972a9021','2026-11-27T21:13:34Z','meeting notes five to notes notes to to friday',39,9,'stop',0.25,'');
INSERT INTO "completion" VALUES(4,'775d10938ff0852e39d31b58657da1c3cd6f9e8546637a5c49e52bd685f310e8','2026-11-27T21:13:34Z','friday meeting to is the meeting notes on notes friday',32,10,'stop',0.25,'');
INSERT INTO "completion" VALUES(5,'6b4fb1c5021cff1f2734da9897c3a8dbdd47a6d5f424c1f49efe0e4a5c286dfa','2026-11-27T21:13:34Z','meeting meeting the room meeting meeting meeting is bring the is room',32,12,'stop',0.25,'');
INSERT INTO "completion" VALUES(6,'8991013e0f870a62bc5eaa1b19c5d2af2199018b3589a3c446d0fba1dabfd350','2026-11-27T21:13:34Z','',32,0,'',0.25,'the fake model failed');
INSERT INTO "completion" VALUES(7,'dfc62b76bb2c47cbd2265eea77d19a9a85deeb4270d48439ab13a2ae974a01ec','2026-11-27T21:13:34Z','',39,0,'',0.25,'the fake model failed');
INSERT INTO "completion" VALUES(8,'e3e8d67516f68357c63c3e103e64edff62c183cb2ca8e55da95934a42c3c49b8','2026-11-27T21:13:34Z','meeting bring meeting friday friday is notes five',39,8,'stop',0.25,'');
CREATE TABLE request (
    key TEXT PRIMARY KEY,
    text TEXT NOT NULL,
    ids BLOB NOT NULL,
    messages TEXT NOT NULL
) WITHOUT ROWID;
INSERT INTO "request" VALUES('1a20101590d03d4bf7c5a41b7176f7c8d696589b0169028157c03ffc972a9021','<system>
You summarize emails.
<user>
In one short sentence, what does this email want?
Meeting number 1: Dear all, the meeting is on friday at 1 in room 1. Bring notes.
<assistant>
',X'BAA3EC43F63E265E0587F65F52E8814C42E2D40EAC09B618ECAA68CAF1866C7AA290288FD54E669D6E83DAE06232E6BA318C0D072782EEFE747C92E72215AF32B0C26464A5D8A83A541F9096B7EFDC833F360E144B53C3B9DD71183B6E83DAE0E66D453C39E115F597E2EA3CC829B60940B6B2B03CFD576AB7EFDC834E8EEC5F9B519F72B7EFDC8342E2D40E5ED6894A8CA61B0142E2D40E59890848','[{"role":"system","sections":[],"text":"You summarize emails."},{"role":"user","sections":[{"end":49,"name":"instruction","start":0},{"end":131,"name":"input","start":50}],"text":"In one short sentence, what does this email want?\nMeeting number 1: Dear all, the meeting is on friday at 1 in room 1. Bring notes."}]');
INSERT INTO "request" VALUES('6b4fb1c5021cff1f2734da9897c3a8dbdd47a6d5f424c1f49efe0e4a5c286dfa','<system>
You summarize emails.
<user>
Summarize this email.
Meeting number 0: Dear all, the meeting is on friday at 0 in room 0. Bring notes.
<assistant>
',X'BAA3EC43F63E265E0587F65F52E8814C42E2D40EAC09B618A60507DD2782EEFE747C92E742E2D40EA5D8A83A541F909621DFDBF43F360E144B53C3B9DD71183B6E83DAE0E66D453C39E115F597E2EA3CC829B60940B6B2B03CFD576A21DFDBF44E8EEC5F9B519F7221DFDBF442E2D40E5ED6894A8CA61B0142E2D40E59890848','[{"role":"system","sections":[],"text":"You summarize emails."},{"role":"user","sections":[{"end":21,"name":"instruction","start":0},{"end":103,"name":"input","start":22}],"text":"Summarize this email.\nMeeting number 0: Dear all, the meeting is on friday at 0 in room 0. Bring notes."}]');
INSERT INTO "request" VALUES('775d10938ff0852e39d31b58657da1c3cd6f9e8546637a5c49e52bd685f310e8','<system>
You summarize emails.
<user>
Summarize this email.
Meeting number 2: Dear all, the meeting is on friday at 2 in room 2. Bring notes.
<assistant>
',X'BAA3EC43F63E265E0587F65F52E8814C42E2D40EAC09B618A60507DD2782EEFE747C92E742E2D40EA5D8A83A541F90960DBED51A3F360E144B53C3B9DD71183B6E83DAE0E66D453C39E115F597E2EA3CC829B60940B6B2B03CFD576A0DBED51A4E8EEC5F9B519F720DBED51A42E2D40E5ED6894A8CA61B0142E2D40E59890848','[{"role":"system","sections":[],"text":"You summarize emails."},{"role":"user","sections":[{"end":21,"name":"instruction","start":0},{"end":103,"name":"input","start":22}],"text":"Summarize this email.\nMeeting number 2: Dear all, the meeting is on friday at 2 in room 2. Bring notes."}]');
INSERT INTO "request" VALUES('8672919080d1a2cc5ab176018b430d487fd6da13b58217636e138bf3caad9c5d','<system>
You summarize emails.
<user>
Summarize this email.
Meeting number 1: Dear all, the meeting is on friday at 1 in room 1. Bring notes.
<assistant>
',X'BAA3EC43F63E265E0587F65F52E8814C42E2D40EAC09B618A60507DD2782EEFE747C92E742E2D40EA5D8A83A541F9096B7EFDC833F360E144B53C3B9DD71183B6E83DAE0E66D453C39E115F597E2EA3CC829B60940B6B2B03CFD576AB7EFDC834E8EEC5F9B519F72B7EFDC8342E2D40E5ED6894A8CA61B0142E2D40E59890848','[{"role":"system","sections":[],"text":"You summarize emails."},{"role":"user","sections":[{"end":21,"name":"instruction","start":0},{"end":103,"name":"input","start":22}],"text":"Summarize this email.\nMeeting number 1: Dear all, the meeting is on friday at 1 in room 1. Bring notes."}]');
INSERT INTO "request" VALUES('8991013e0f870a62bc5eaa1b19c5d2af2199018b3589a3c446d0fba1dabfd350','<system>
You summarize emails.
<user>
Summarize this email.
Meeting number 3: Dear all, the meeting is on friday at 3 in room 3. Bring notes.
<assistant>
',X'BAA3EC43F63E265E0587F65F52E8814C42E2D40EAC09B618A60507DD2782EEFE747C92E742E2D40EA5D8A83A541F90969B8ED26D3F360E144B53C3B9DD71183B6E83DAE0E66D453C39E115F597E2EA3CC829B60940B6B2B03CFD576A9B8ED26D4E8EEC5F9B519F729B8ED26D42E2D40E5ED6894A8CA61B0142E2D40E59890848','[{"role":"system","sections":[],"text":"You summarize emails."},{"role":"user","sections":[{"end":21,"name":"instruction","start":0},{"end":103,"name":"input","start":22}],"text":"Summarize this email.\nMeeting number 3: Dear all, the meeting is on friday at 3 in room 3. Bring notes."}]');
INSERT INTO "request" VALUES('908b85b3d2ec8b8b30d55189062be97e9c4a3c1577473a72388d101df5b8b2ff','<system>
You summarize emails.
<user>
In one short sentence, what does this email want?
Meeting number 0: Dear all, the meeting is on friday at 0 in room 0. Bring notes.
<assistant>
',X'BAA3EC43F63E265E0587F65F52E8814C42E2D40EAC09B618ECAA68CAF1866C7AA290288FD54E669D6E83DAE06232E6BA318C0D072782EEFE747C92E72215AF32B0C26464A5D8A83A541F909621DFDBF43F360E144B53C3B9DD71183B6E83DAE0E66D453C39E115F597E2EA3CC829B60940B6B2B03CFD576A21DFDBF44E8EEC5F9B519F7221DFDBF442E2D40E5ED6894A8CA61B0142E2D40E59890848','[{"role":"system","sections":[],"text":"You summarize emails."},{"role":"user","sections":[{"end":49,"name":"instruction","start":0},{"end":131,"name":"input","start":50}],"text":"In one short sentence, what does this email want?\nMeeting number 0: Dear all, the meeting is on friday at 0 in room 0. Bring notes."}]');
INSERT INTO "request" VALUES('dfc62b76bb2c47cbd2265eea77d19a9a85deeb4270d48439ab13a2ae974a01ec','<system>
You summarize emails.
<user>
In one short sentence, what does this email want?
Meeting number 3: Dear all, the meeting is on friday at 3 in room 3. Bring notes.
<assistant>
',X'BAA3EC43F63E265E0587F65F52E8814C42E2D40EAC09B618ECAA68CAF1866C7AA290288FD54E669D6E83DAE06232E6BA318C0D072782EEFE747C92E72215AF32B0C26464A5D8A83A541F90969B8ED26D3F360E144B53C3B9DD71183B6E83DAE0E66D453C39E115F597E2EA3CC829B60940B6B2B03CFD576A9B8ED26D4E8EEC5F9B519F729B8ED26D42E2D40E5ED6894A8CA61B0142E2D40E59890848','[{"role":"system","sections":[],"text":"You summarize emails."},{"role":"user","sections":[{"end":49,"name":"instruction","start":0},{"end":131,"name":"input","start":50}],"text":"In one short sentence, what does this email want?\nMeeting number 3: Dear all, the meeting is on friday at 3 in room 3. Bring notes."}]');
INSERT INTO "request" VALUES('e3e8d67516f68357c63c3e103e64edff62c183cb2ca8e55da95934a42c3c49b8','<system>
You summarize emails.
<user>
In one short sentence, what does this email want?
Meeting number 2: Dear all, the meeting is on friday at 2 in room 2. Bring notes.
<assistant>
',X'BAA3EC43F63E265E0587F65F52E8814C42E2D40EAC09B618ECAA68CAF1866C7AA290288FD54E669D6E83DAE06232E6BA318C0D072782EEFE747C92E72215AF32B0C26464A5D8A83A541F90960DBED51A3F360E144B53C3B9DD71183B6E83DAE0E66D453C39E115F597E2EA3CC829B60940B6B2B03CFD576A0DBED51A4E8EEC5F9B519F720DBED51A42E2D40E5ED6894A8CA61B0142E2D40E59890848','[{"role":"system","sections":[],"text":"You summarize emails."},{"role":"user","sections":[{"end":49,"name":"instruction","start":0},{"end":131,"name":"input","start":50}],"text":"In one short sentence, what does this email want?\nMeeting number 2: Dear all, the meeting is on friday at 2 in room 2. Bring notes."}]');
CREATE TABLE run (
    id TEXT PRIMARY KEY,
    plan TEXT NOT NULL,
    serial INTEGER NOT NULL,
    fresh INTEGER NOT NULL,
    suite TEXT NOT NULL,
    created TEXT NOT NULL,
    status TEXT NOT NULL,
    seconds REAL NOT NULL DEFAULT 0,
    header TEXT NOT NULL REFERENCES body (digest),
    UNIQUE (plan, serial)
) WITHOUT ROWID;
INSERT INTO "run" VALUES('mail-b171dac8','b171dac848e90b0dff5a634ae661cfb3dfd4505dd321cc331050b310be537b8e',0,0,'mail','2026-11-27T21:13:34Z','failed',2.49272100018060882575e-03,'1e39cd75c7ad3158019b692945faa7cbaccd05113a00f2ab79fd367ad56d9635');
CREATE TABLE run_case (
    run TEXT NOT NULL REFERENCES run (id) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    body TEXT NOT NULL REFERENCES body (digest),
    PRIMARY KEY (run, position)
) WITHOUT ROWID;
INSERT INTO "run_case" VALUES('mail-b171dac8',0,'81ed2f571427c86bfe5a61d350d1b05543b4f08d1d2606ab4051d85c3672a6d8');
INSERT INTO "run_case" VALUES('mail-b171dac8',1,'0caf45550974b686b2f7525a9ab5f712661b2608c61795132b59eebdd95fbfb3');
INSERT INTO "run_case" VALUES('mail-b171dac8',2,'e7943fe4d524dd36bda947a0f6f4273724359bf46f2bfae9e564629b2322291d');
INSERT INTO "run_case" VALUES('mail-b171dac8',3,'018b87baffc3300efa1411b4f226d982cd0180cb43173c313f82c79420439d9f');
CREATE TABLE sample (
    run TEXT NOT NULL REFERENCES run (id) ON DELETE CASCADE,
    candidate INTEGER NOT NULL,
    "case" INTEGER NOT NULL,
    repeat INTEGER NOT NULL,
    completion INTEGER NOT NULL REFERENCES completion (id),
    PRIMARY KEY (run, candidate, "case", repeat)
) WITHOUT ROWID;
INSERT INTO "sample" VALUES('mail-b171dac8',1,0,0,1);
INSERT INTO "sample" VALUES('mail-b171dac8',0,1,0,2);
INSERT INTO "sample" VALUES('mail-b171dac8',1,1,0,3);
INSERT INTO "sample" VALUES('mail-b171dac8',0,2,0,4);
INSERT INTO "sample" VALUES('mail-b171dac8',0,0,0,5);
INSERT INTO "sample" VALUES('mail-b171dac8',0,3,0,6);
INSERT INTO "sample" VALUES('mail-b171dac8',1,3,0,7);
INSERT INTO "sample" VALUES('mail-b171dac8',1,2,0,8);
CREATE TABLE score (
    run TEXT NOT NULL REFERENCES run (id) ON DELETE CASCADE,
    candidate INTEGER NOT NULL,
    "case" INTEGER NOT NULL,
    repeat INTEGER NOT NULL,
    metric TEXT NOT NULL,
    value REAL,
    reason TEXT NOT NULL,
    PRIMARY KEY (run, candidate, "case", repeat, metric)
) WITHOUT ROWID;
INSERT INTO "score" VALUES('mail-b171dac8',0,0,0,'rougeL',3.15789473684210508785e-01,'');
INSERT INTO "score" VALUES('mail-b171dac8',0,0,0,'words',0.0,'');
INSERT INTO "score" VALUES('mail-b171dac8',0,1,0,'rougeL',3.33333333333333314829e-01,'');
INSERT INTO "score" VALUES('mail-b171dac8',0,1,0,'words',1.0,'');
INSERT INTO "score" VALUES('mail-b171dac8',0,2,0,'rougeL',4.70588235294117640528e-01,'');
INSERT INTO "score" VALUES('mail-b171dac8',0,2,0,'words',0.0,'');
INSERT INTO "score" VALUES('mail-b171dac8',1,0,0,'rougeL',5.33333333333333325931e-01,'');
INSERT INTO "score" VALUES('mail-b171dac8',1,0,0,'words',1.0,'');
INSERT INTO "score" VALUES('mail-b171dac8',1,1,0,'rougeL',2.85714285714285698425e-01,'');
INSERT INTO "score" VALUES('mail-b171dac8',1,1,0,'words',0.0,'');
INSERT INTO "score" VALUES('mail-b171dac8',1,2,0,'rougeL',3.07692307692307709388e-01,'');
INSERT INTO "score" VALUES('mail-b171dac8',1,2,0,'words',1.0,'');
CREATE INDEX completion_key ON completion (key, error, id);
CREATE INDEX sample_completion ON sample (completion);
COMMIT;
