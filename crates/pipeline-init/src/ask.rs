//! One question after the other: answered by an option, by the terminal, or as it comes. A wrong answer of the terminal is
//! told and asked for again, that of an option ends the command.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io::{BufRead, Write};

use collector_core::mask::harmless_lines;

use crate::Unmade;
use crate::hidden::Hidden;

/// Of a terminal, in characters.
const WIDTH: usize = 78;

/// What is asked, in one line.
pub struct Question<'a> {
    /// The option that answers it.
    pub option: &'a str,
    pub text: &'a str,
    /// What Enter means, and nobody who could be asked.
    pub default: &'a str,
    /// How the default is shown; as it is if empty.
    pub shown: &'a str,
    /// The answer is not shown while it is typed.
    pub is_secret: bool,
}

impl Question<'_> {
    /// An answer without its end of the line, and without blanks around it, which may belong to a secret.
    fn trimmed(&self, answer: String) -> String {
        match self.is_secret {
            true => answer.trim_end_matches(['\r', '\n']).to_owned(),
            false => answer.trim().to_owned(),
        }
    }
}

/// An answer that nobody has to type.
pub struct Given {
    pub value: String,
    /// The variable that has it, which may be there for another program; `None` of an option.
    pub variable: Option<&'static str>,
}

/// Who is asked.
pub struct Screen<'a> {
    pub input: &'a mut dyn BufRead,
    pub output: &'a mut dyn Write,
    /// Hides what is typed until what it gives is dropped; `None` where that cannot be.
    pub hide: fn() -> Option<Hidden>,
}

pub struct Ask<'a> {
    /// Answers by the option of their question.
    given: RefCell<BTreeMap<String, Given>>,
    screen: Option<RefCell<Screen<'a>>>,
}

impl<'a> Ask<'a> {
    pub fn new(given: BTreeMap<String, Given>, screen: Option<Screen<'a>>) -> Self {
        Self {
            given: RefCell::new(given),
            screen: screen.map(RefCell::new),
        }
    }

    /// Whether it is answered without a question.
    pub fn is_given(&self, option: &str) -> bool {
        self.given.borrow().contains_key(option)
    }

    /// Says something to whom is asked.
    pub fn say(&self, text: &str) -> Result<(), Unmade> {
        let Some(screen) = &self.screen else { return Ok(()) };
        let output = &mut screen.borrow_mut().output;
        let said = writeln!(output, "{}", harmless_lines(text));
        said.map_err(|error| unsaid(&error))
    }

    /// The answer, as `read` takes it. What `read` does not take is told with its reason.
    ///
    /// # Errors
    /// An option or a variable has a wrong answer, or the input has ended.
    pub fn answer<T>(
        &self,
        question: &Question<'_>,
        read: impl Fn(&str) -> Result<T, String>,
    ) -> Result<T, Unmade> {
        let given = self.given.borrow_mut().remove(question.option);
        if let Some(given) = given {
            let by = match given.variable {
                Some(name) => format!("${name}"),
                None => question.option.to_owned(),
            };
            if given.variable.is_some() {
                self.say(&format!("{}: taken from {by}", question.option))?;
            }
            return read(&question.trimmed(given.value))
                .map_err(|reason| Unmade::new(format!("{by}: {reason}")));
        }
        let Some(screen) = &self.screen else {
            return read(question.default)
                .map_err(|reason| Unmade::new(format!("{} is needed: {reason}", question.option)));
        };
        loop {
            let typed = screen.borrow_mut().line(question)?;
            let answer = match typed.as_deref() {
                Some("") => read(question.default),
                Some(typed) => read(typed),
                None => Err("this is no text in UTF-8".to_owned()),
            };
            match answer {
                Ok(answer) => return Ok(answer),
                Err(reason) => self.say(&indented(&reason))?,
            }
        }
    }

    /// Yes if it is not no; no where nobody is asked.
    pub fn confirm(&self, text: &str) -> Result<bool, Unmade> {
        if self.screen.is_none() {
            return Ok(false);
        }
        let question = Question {
            option: "",
            text,
            default: "y",
            shown: "Y/n",
            is_secret: false,
        };
        self.answer(&question, |answer| match answer.to_lowercase().as_str() {
            "y" | "yes" => Ok(true),
            "n" | "no" => Ok(false),
            _ => Err("y or n, please".to_owned()),
        })
    }

    /// That every option was the answer to a question.
    ///
    /// # Errors
    /// Those that were none.
    pub fn all_used(&self) -> Result<(), Unmade> {
        let given = self.given.borrow();
        let mut options = given.iter().filter(|(_, given)| given.variable.is_none());
        let Some((option, _)) = options.next() else {
            return Ok(());
        };
        Err(Unmade::new(format!(
            "nothing asks for {option}: is its `--sink` missing (or the user of a password, the token of a \
                 bucket), or is it written otherwise?"
        )))
    }
}

impl Screen<'_> {
    /// What is typed; `None` where that is no text.
    fn line(&mut self, question: &Question<'_>) -> Result<Option<String>, Unmade> {
        let shown = match question.shown {
            "" => question.default,
            shown => shown,
        };
        let prompt = format!("{} [{shown}]: ", question.text);
        let asked = write!(self.output, "{}", harmless_lines(&prompt)).and_then(|()| self.output.flush());
        asked.map_err(|error| unsaid(&error))?;
        let mut typed = Vec::new();
        let read = match question.is_secret {
            false => self.input.read_until(b'\n', &mut typed),
            true => {
                let Some(_hidden) = (self.hide)() else {
                    let reason = "it would be seen while it is typed: set it in the environment, see `cardata init --help`";
                    return Err(Unmade::new(format!("{}: {reason}", question.option)));
                };
                let read = self.input.read_until(b'\n', &mut typed);
                // What ends the line was hidden too.
                let _ = writeln!(self.output);
                read
            }
        };
        match read {
            Ok(0) => Err(Unmade::new("\nThe answers have ended before the questions.")),
            Ok(_) => Ok(String::from_utf8(typed).ok().map(|typed| question.trimmed(typed))),
            Err(error) => Err(Unmade::new(format!("\nNo answer can be read: {error}"))),
        }
    }
}

/// A reason in lines that fit every terminal.
fn indented(reason: &str) -> String {
    let mut text = String::new();
    for line in reason.lines() {
        let mut width = WIDTH;
        for word in line.split(' ') {
            let length = word.chars().count() + 1;
            if width + length > WIDTH {
                text.push_str(if text.is_empty() { " " } else { "\n " });
                width = 1;
            }
            text.push(' ');
            text.push_str(word);
            width += length;
        }
    }
    text
}

fn unsaid(error: &std::io::Error) -> Unmade {
    Unmade::new(format!("the terminal does not take a question: {error}"))
}

/// The one of `words` that is meant: itself, or how it begins.
pub fn one_of(typed: &str, words: &[&'static str]) -> Result<&'static str, String> {
    let typed = typed.to_lowercase();
    let meant = words
        .iter()
        .find(|word| !typed.is_empty() && word.starts_with(&typed));
    meant
        .copied()
        .ok_or_else(|| format!("`{typed}` is none of {}", words.join(", ")))
}
