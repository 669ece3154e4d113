//! The phrasings that are known, by what they are after.

type Group = (&'static str, &'static [&'static str]);

/// Each reason with its phrases; the form of a phrase is explained in `phrase.rs`.
pub(super) const GROUPS: [Group; 6] = [
    ("it tells its reader to set earlier instructions aside", OVERRIDE),
    ("it gives its reader another role", ROLE),
    ("it addresses an agent and tells it what to do", ADDRESS),
    ("it asks for something to be done behind the user's back", SECRECY),
    ("it asks for secrets or conversations to be sent away", EXFILTRATE),
    ("it asks for the instructions its reader works under", REVEAL),
];

const OVERRIDE: &[&str] = &[
    "ignore|disregard|forget|discard|neglect|override|overrule|bypass ..4 previous|prior|above|earlier|preceding|foregoing|former ..3 instruction|instructions|prompt|prompts|directive|directives|guidelines|guidance|directions|programming|commands",
    "ignore|disregard|forget|discard ..2 all|any ..1 previous|prior|earlier|preceding ..1 rules|context|messages|constraints|safeguards|training",
    "ignore|disregard|forget|discard|override|overrule|bypass ..2 your ..3 instruction|instructions|prompt|directive|directives|guidelines|programming|training|rules|orders|safeguards|constraints|restrictions",
    "ignore|disregard|forget|discard|override|bypass ..2 the|any ..1 system|developer|original|initial ..1 prompt|prompts|instructions|message|messages",
    "ignore|disregard|forget ..1 all|any ..1 instruction|instructions|guidelines|directives ..3 before|above|far|given|received|were|until|prior|now|earlier|previously",
    "ignore|disregard|forget ..1 the|all|any ..1 instructions|guidelines|directives ..1 you",
    "ignore|disregard|forget ..1 everything|anything|all|whatever ..3 above|told|said|instructed|learned ..1",
    "forget|ignore|disregard everything|anything ..1 you know|knew|were|have|read",
    "do|dont|stop|never ..2 follow|following|obey|obeying ..2 previous|prior|system|original|earlier|your ..2 instruction|instructions|prompt|rules|guidelines|directives",
    "these|this ..2 instructions|instruction|message|prompt ..1 supersede|supersedes|override|overrides|replace|replaces|take|takes ..2 all|any|your|previous|prior|precedence",
    "your ..1 new|real|actual|true|updated|only|next ..1 instruction|instructions|task|goal|objective|mission|job|orders ..1 is|are",
    "new|updated|revised instructions ..2 follow|for|from ..2 you|assistant|agent|ai|developer|developers|anthropic|openai|administrator|admin|system",
    "end of ..2 context|prompt|instructions|memories|memory|conversation ..4 new|real|actual|following|system|begin|now",
    // German, Dutch, Swedish, Danish.
    "ignoriere|ignorier|ignorieren|vergiss|vergessen|missachte|uberschreibe ..3 vorherigen|vorherige|bisherigen|bisherige|vorigen|obigen|obige|fruheren|fruhere|vorangegangenen|vorhergehenden|deine|deinen|ihre ..2 anweisung|anweisungen|instruktionen|befehle|vorgaben|regeln|prompts|prompt|richtlinien",
    "negeer|vergeet ..3 vorige|eerdere|voorgaande|bovenstaande|je|jouw ..2 instructies|opdrachten|aanwijzingen|regels|prompts",
    "ignorera|glom|ignorer|glem ..3 tidigare|foregaende|tidligere|foregaende|ovanstaende|forrige|dine|dina ..2 instruktioner|instruktionerna|anvisningar|instrukser|instruksjoner|anvisninger|regler",
    // French.
    "ignore|ignorez|ignorer|oublie|oubliez|oublier|neglige|negligez ..2 instructions|consignes|directives|ordres|regles ..3 precedentes|precedents|anterieures|anterieurs|dessus|initiales|systeme|donnees",
    "ignore|ignorez|ignorer|oublie|oubliez ..2 tes|vos|precedentes ..2 instructions|consignes|directives|ordres|regles",
    "ne tiens|tenez ..1 compte ..3 instructions|consignes|directives",
    // Spanish, Portuguese, Italian.
    "ignora|ignore|ignorar|ignorad|olvida|olvide|olvidad|descarta|esquece|esqueca|desconsidere|desconsidera|dimentica|dimenticate|ignorate|trascura ..4 instrucciones|instrucoes|istruzioni|ordenes|ordens|ordini|indicaciones|reglas|regras|regole|direttive|diretrizes|directrices ..3 anteriores|previas|precedentes|precedenti|anteriori|acima|arriba|sopra|prior|iniciales|iniciais|iniziali",
    "ignora|ignore|olvida|olvide|esqueca|esquece|dimentica|desconsidere ..3 anteriores|previas|precedenti|tus|sus|tuas|suas|tue ..1 instrucciones|instrucoes|istruzioni|ordenes|reglas|regras|regole",
    "haz|haga|hagan ..1 caso omiso ..4 instrucciones|ordenes|reglas|indicaciones",
    // Polish, Czech.
    "zignoruj|ignoruj|zapomnij|pomin ..3 poprzednie|poprzednich|wczesniejsze|wczesniejszych|powyzsze|powyzszych|swoje|swoich ..2 instrukcje|instrukcji|polecenia|polecen|zasady|wytyczne",
    "ignoruj|ignorujte|zapomen|zapomente ..3 predchozi|vsechny|vyse|svoje ..2 instrukce|pokyny|prikazy|pravidla",
    // Russian, Ukrainian.
    "игнорируи|игнорируите|игнорировать|проигнорируи|проигнорируите|забудь|забудьте|отбрось ..3 предыдущие|прежние|прошлые|вышеуказанные|предшествующие|свои|все ..2 инструкции|указания|команды|правила|приказы",
    "ігноруи|ігноруите|іgноруи|забудь|проігноруи ..3 попередні|усі|всі|своі ..2 інструкціі|вказівки|команди|правила",
    // Turkish, Indonesian, Vietnamese.
    "onceki|yukarıdaki|yukaridaki|tum ..3 talimat*|yonerge*|komut* ..4 yoksay*|gormezden|unut*|dikkate",
    "abaikan|lupakan ..3 instruksi|perintah|petunjuk|arahan ..3 sebelumnya|diatas|atas|terdahulu",
    "bo|hay ..4 qua|quen ..4 huong|chi|lenh ..4 truoc|tren",
];

const ROLE: &[&str] = &[
    "you are now ..1 dan|jailbroken|unrestricted|unfiltered|uncensored|unbound|free|root|sudo",
    "you are now ..2 in ..1 developer|god|admin|debug|jailbreak|unrestricted|maintenance|dan|root mode",
    "you are now a|an ..2 ai|assistant|agent|bot|chatbot|model|hacker|attacker|pirate|expert|terminal|shell|persona|character",
    "you are no longer ..1 bound|restricted|limited|required|an|a|subject|constrained",
    "from now on ..1 you ..1 are|will|must|shall|should|only|can|have|respond|answer|act|obey|follow",
    "pretend|imagine|assume|suppose ..1 you are ..2 ai|assistant|agent|model|dan|unrestricted|unfiltered|root|admin|administrator|hacker|human",
    "pretend|act ..1 as|that|like ..1 if|though ..1 you ..1 have|are|had|were ..1 no|not|free|unrestricted|without ..2 rules|restrictions|guidelines|filters|limits|constraints|bound",
    "enter|enable|activate|switch ..2 developer|god|jailbreak|dan|unrestricted|sudo mode ..1 now|and|for|immediately|which",
    "du bist jetzt|nun|ab ..3 ein|eine|der|die|kein",
    "tu es|eres|sei|voce maintenant|ahora|adesso|ora|agora ..1 un|une|una|uno|um|uma",
    "a partir de|do|d ..1 maintenant|ahora|agora ..2 tu|vous|eres|voce|debes|dois|devez|deve",
    "ab jetzt|sofort ..1 bist|wirst|musst|sollst du",
    "с этого момента ..1 ты|вы",
    "ты теперь",
    "odtad jestes",
];

const ADDRESS: &[&str] = &[
    "you must|need|have|should|shall|will ..1 now|immediately|instantly|secretly|silently ..1 run|execute|call|invoke|send|fetch|download|delete|open|post|upload|install|reply|respond|ignore|follow|do|comply|obey|transfer",
    "you must ..1 run|execute|call|invoke|follow|obey ..1 following|this|these ..1 command|commands|instruction|instructions|code|script ..2 before|immediately|now|without|first|exactly",
    "attention|dear|hey|hello|note|message|notice|warning|important ..2 to|for|all|any|every ..2 ai|llm|llms|assistant|assistants|agent|agents|chatbot|chatbots|copilot|claude|chatgpt|gpt|gemini|cursor ..6 must|should|please|need|run|execute|ignore|reading|now|do|call|send|include|add|always|never|visit|processing|summarizing",
    "attention|dear|hey ai|llm|llms|assistant|assistants|agents|chatbot|copilot|claude|chatgpt|gpt|gemini",
    "if you are|re an|a ..2 ai|llm|assistant|agent|language|chatbot|bot|model",
    "as an ai|llm ..4 you|must|should|your",
    "ai|llm|llms ..1 agents|agent|assistants|assistant|models|model|systems ..1 reading|processing|who|that|which ..2 read|reads|this|see|process|page|text|document ..6 must|should|shall|need|please|run|are|execute|ignore",
    "any|every|all ai|llm|agent|assistant|model ..1 reading|processing|that|who ..3 must|should|shall|this|reads",
    "instructions|instruction|message|directive for|to the ai|llm|assistant|agent|model|language|chatbot",
    "when ..1 you ..2 read|see|process|recall|retrieve|summarize|summarise ..1 this|these ..2 memory|memories|note|message|text|document|page|file|email ..2 you|run|execute|send|call|immediately|always|do|reply|respond|ignore|first",
    "when|if|whenever|once this|the ..1 memory|note|text|document ..1 is|gets ..1 recalled|retrieved|read|loaded|summarized|summarised ..3 run|execute|send|call|ignore|you|immediately|reply",
    "du musst|sollst jetzt|sofort|nun ..8 ausfuhren|aufrufen|senden|starten|loschen|offnen|schicken|ausfuhrst",
    "dois|devez|debes|debe|devi|deve|dovete maintenant|immediatement|ahora|inmediatamente|adesso|subito|agora|imediatamente ..1 executer|ejecutar|eseguire|executar|lancer|lanzar|appeler|llamar|chamar|envoyer|enviar|inviare|supprimer|borrar|cancellare|apagar",
    "ты|вы должен|должна|должны ..1 немедленно|сеичас|теперь ..1 выполнить|запустить|отправить|удалить|вызвать",
];

const SECRECY: &[&str] = &[
    "not|never|dont ..1 tell|inform|alert|notify ..1 user|human|person|owner|operator|developer ..1 about|of|that|what ..1 this|these|it|you|any|what",
    "not|never|dont mention|reveal|disclose|show|tell ..1 this|these ..1 instruction|instructions|message|note|prompt|request|step",
    "not|never|dont ..1 mention|reveal|disclose|tell ..1 this|it ..1 to the|any user|human|person|one|anyone|operator",
    "keep|hide ..1 this|it|these ..2 secret|hidden|confidential|instructions ..1 from ..1 user|human|users|anyone|operator",
    "without|don ..1 telling|informing|alerting|notifying ..1 user|human|operator|anyone ..1 send|run|execute|delete|upload|post|call|install|forward|about ..6",
    "run|execute|send|delete|upload|post|call|install|forward|download ..8 without telling|informing|alerting|notifying ..1 user|human|operator|anyone",
    "secretly|covertly|quietly|silently ..1 send|upload|forward|email|exfiltrate|transmit|copy|leak",
    "sage|sag dem nutzer|benutzer|anwender nichts",
    "sans le|en|prevenir|avertir|informer ..2 dire|prevenir|avertir|informer ..1 utilisateur|lutilisateur",
    "sin decirle|decirselo|informar|avisar ..2 usuario",
];

const EXFILTRATE: &[&str] = &[
    "send|post|upload|forward|email|mail|exfiltrate|leak|transmit|submit|copy|paste|append|encode|include|put ..2 all|any|every|contents|content|users|everything ..6 secret|secrets|password|passwords|credential|credentials|keys|token|tokens|env|id_rsa|ssh|shadow|passwd|variables|history|conversation|memories|cookies ..8 to|into|in|at|via ..2 http|https|url|www|webhook|attacker|address|endpoint|server|mail|email|query|following|this",
    "send|post|upload|forward|email|mail|exfiltrate|transmit|submit ..3 your|this|our|entire|full|whole ..2 system|instructions|conversation|memory|memories|history|chat|env|environment|secrets|credentials|context|prompt ..6 to ..2 http|https|url|www|webhook|attacker|address|endpoint|server|mail|email|following|this",
    "send|post|upload|forward|email|mail|exfiltrate|copy|cat|read|include ..3 env|id_rsa|id_ed25519|ssh|aws|netrc|shadow|passwd|keychain|kubeconfig ..6 to|and ..3 http|https|url|www|webhook|attacker|curl|send|post|upload",
    "exfiltrate ..4 data|secrets|keys|credentials|tokens|passwords|files|memory|memories|conversation|history|env|contents",
    "curl|wget ..10 env|id_rsa|secrets|credentials|passwd|shadow ..2 to|attacker|evil|webhook",
    "sende|schicke|ubertrage ..2 alle ..4 passworter|geheimnisse|zugangsdaten|schlussel|tokens ..4 an",
    "envoie|envoyez|envia|enviar|envie|invia|inviate ..4 tous|toutes|todos|todas|tutte|tutti ..3 passe|secrets|cles|contrasenas|secretos|claves|senhas|segredos|password|chiavi|segreti ..4 a|vers|para|al|alla",
    "отправь|отправьте|пришли ..2 все ..3 пароли|секреты|ключи|токены",
];

const REVEAL: &[&str] = &[
    "reveal|print|repeat|output|show|display|disclose|tell|write|share|give|leak|dump ..2 your ..1 system|hidden|initial|original|secret|internal|developer|full ..1 prompt|instructions|message|rules|configuration",
    "reveal|repeat|disclose|leak ..1 the system|hidden|developer|initial prompt|instructions|message",
    "repeat|print|output|write ..1 the|every|all words|text|everything|word|instructions ..1 above|before ..1",
    "what are|is|were your ..1 system|hidden|initial|original|exact ..1 instructions|prompt|rules",
    "zeige|gib|nenne ..2 deinen|deine|dein ..1 systemprompt|system|anweisungen",
    "affiche|revele|montre|muestra|revela|mostra ..3 prompt|instructions|instrucciones|istruzioni ..1 systeme|sistema|internes|internas|interne",
];

/// What letters with blanks between them must spell.
pub(super) const SPELLED: &[&str] = &[
    "ignoreprevious",
    "ignoreallprevious",
    "ignoreyour",
    "disregardall",
    "disregardprevious",
    "forgetall",
    "systemprompt",
    "ignoretheabove",
];

/// Parts in their order, each with the words that will do.
pub(super) const JOINED: &[&[&[&str]]] = &[
    // Chinese.
    &[
        &["忽略", "无视", "無視", "忘记", "忘記", "忘掉", "不要理会", "不要遵守", "覆盖"],
        &["之前", "以前", "以上", "上面", "先前", "前面", "所有", "一切", "你的"],
        &["指令", "指示", "提示", "命令", "规则", "規則", "要求", "说明"],
    ],
    &[&["你现在是", "你現在是", "从现在开始你", "从现在起你", "從現在開始你"]],
    &[&["不要告诉用户", "别告诉用户", "不要讓用戶知道", "瞒着用户"]],
    &[
        &["发送", "發送", "上传", "泄露", "发给"],
        &["密钥", "密码", "密碼", "凭据", "系统提示"],
        &["到", "给", "http"],
    ],
    // Japanese.
    &[
        &["以前の", "これまでの", "上記の", "前の", "すべての", "全ての", "先ほどの"],
        &["指示", "命令", "プロンプト", "ルール", "指令"],
        &["無視", "忘れ", "破棄"],
    ],
    &[&["あなたは今から", "今からあなたは", "これからあなたは"]],
    &[&["ユーザーに"], &["知らせずに", "知らせないで", "言わないで", "伝えないで", "教えないで"]],
    // Korean.
    &[
        &["이전", "위의", "앞의", "지금까지의", "모든"],
        &["지시", "명령", "지침", "프롬프트", "규칙"],
        &["무시", "잊어", "따르지"],
    ],
    &[&["사용자에게"], &["알리지", "말하지"], &["마", "않"]],
    // Arabic, Hebrew, Persian.
    &[
        &["تجاهل", "انس", "تجاهلي"],
        &["التعليمات", "الأوامر", "تعليمات", "التوجيهات"],
        &["السابقة", "أعلاه", "سابقة"],
    ],
    &[
        &["התעלם", "התעלמי", "שכח"],
        &["הוראות", "ההוראות", "הנחיות", "ההנחיות"],
        &["קודמות", "הקודמות", "לעיל"],
    ],
    &[&["دستورات", "دستورالعمل", "دستورهای"], &["قبلی", "پیشین", "بالا"], &["نادیده", "فراموش"]],
    // Hindi, Bengali, Thai.
    &[&["पिछले", "पूर्व", "पहले के", "उपरोक्त"], &["निर्देश", "आदेश"], &["अनदेखा", "भूल", "नज़रअंदाज", "नजरअंदाज"]],
    &[&["পূর্ববর্তী", "আগের"], &["নির্দেশ"], &["উপেক্ষা", "ভুলে"]],
    &[&["ละเว้น", "เพิกเฉย", "ลืม", "ไม่ต้องสนใจ"], &["คำสั่ง", "คำแนะนำ"], &["ก่อนหน้า", "ข้างต้น", "ที่ผ่านมา"]],
    // Greek.
    &[
        &["αγνόησε", "Αγνόησε", "αγνοήστε", "Αγνοήστε", "ξέχνα", "Ξέχνα"],
        &["προηγούμεν", "παραπάνω"],
        &["οδηγίες", "εντολές"],
    ],
];
