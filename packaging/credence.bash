# SPDX-License-Identifier: BSD-3-Clause
# bash completion for credence(1).  Nothing is run for it but "credence list"
# and "credence providers", which need no keyring.

# The first column of a listing.
_credence_names()
{
  command credence --no-prompt "$1" 2>/dev/null | cut -d ' ' -f 1
}

_credence_options()
{
  local everywhere='--no-prompt --timeout= --quiet --version --help'
  local certificates='--client-cert= --client-key= --ca-cert='

  case $1 in
  doctor) echo "--json --online $everywhere" ;;
  providers | list | show) echo "--json $everywhere" ;;
  add) echo "--endpoint= --keyring= --store= --secret= --allow= $certificates $everywhere" ;;
  set) echo "--secret= $certificates $everywhere" ;;
  rotate) echo "--secret= --verify= --undo $everywhere" ;;
  sign) echo "--format= --form --at= --nonce= --trace $everywhere" ;;
  migrate) echo "--to= --store= --verify --delete-source --replace $everywhere" ;;
  import) echo "--keyring= --store= --replace $everywhere" ;;
  send) echo "-i --include --form --at= --nonce= --trace $everywhere" ;;
  exec) echo "--field= --env= $everywhere -- " ;;
  *) echo "$everywhere" ;;
  esac
}

# The words that may stand at operand number $2 of command $1.
_credence_operands()
{
  case $1/$2 in
  /*) echo 'providers add list show set rotate remove sign send login logout doctor migrate export import exec' ;;
  show/0 | set/0 | rotate/0 | remove/0 | sign/0 | send/0 | login/0 | logout/0 | exec/0) _credence_names list ;;
  add/1) _credence_names providers ;;
  migrate/* | export/[1-9]*) _credence_names list ;;
  sign/1 | send/1) echo 'GET POST PUT PATCH DELETE HEAD OPTIONS' ;;
  esac
}

# Readline takes "=" for the end of a word, so that "--format=ur" arrives as
# "--format", "=" and "ur": put such options together again.
_credence()
{
  local current=${COMP_WORDS[COMP_CWORD]} command='' option='' operands=0 ended='' i word

  for ((i = 1; i < COMP_CWORD; i++)); do
    word=${COMP_WORDS[i]}
    if [[ -z $ended && $word == -- ]]; then
      ended=yes
      # What follows is another command, with completions of its own.
      if [[ $command == exec ]] && declare -F _command_offset >/dev/null; then
        _command_offset $((i + 1))
        return
      fi
    elif [[ -z $ended && $word == -* ]]; then
      case $word in
      --timeout | --endpoint | --keyring | --store | --secret | --allow | --client-cert | --client-key | --ca-cert | --format | \
        --at | --nonce | --verify | --field | --env | --to)
        option=$word
        [[ ${COMP_WORDS[i + 1]} == '=' ]] && ((i++))
        ((i++))
        # A value such as FIELD=PATH comes in three words.
        while [[ ${COMP_WORDS[i + 1]} == '=' ]] && ((i < COMP_CWORD)); do ((i += 2)); done
        ((i >= COMP_CWORD)) && break
        option=''
        ;;
      esac
    elif [[ -z $command ]]; then
      command=$word
    elif [[ $word != '=' && ${COMP_WORDS[i - 1]} != '=' ]]; then
      ((operands++))
    fi
  done

  [[ $current == '=' ]] && current=''
  case $option in
  --format) COMPREPLY=($(compgen -W 'http url curl json' -- "$current")) ;;
  --keyring | --to) COMPREPLY=($(compgen -W 'secret-service file pass directory' -- "$current")) ;;
  --secret | --client-cert | --client-key | --ca-cert)
    compopt -o filenames 2>/dev/null
    COMPREPLY=($(compgen -f -- "$current"))
    ;;
  ?*) COMPREPLY=() ;;
  *)
    if [[ -z $ended && $current == -* ]]; then
      COMPREPLY=($(compgen -W "$(_credence_options "$command")" -- "$current"))
    elif [[ $command/$operands == export/0 || $command/$operands == import/0 ]]; then
      compopt -o filenames 2>/dev/null
      COMPREPLY=($(compgen -f -- "$current"))
    else
      COMPREPLY=($(compgen -W "$(_credence_operands "$command" "$operands")" -- "$current"))
    fi
    ;;
  esac
  [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *= ]] && compopt -o nospace 2>/dev/null
  return 0
}

complete -F _credence credence
