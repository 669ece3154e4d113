//! LoCoMo, read from outside the repository: conversations, and questions with the turns that answer them.

use crate::Res;
use jiff::civil::Date;
use keep_memory::rank::Note;
use serde_json::Value;
use std::path::Path;

/// One conversation.
pub(crate) struct Conversation {
    pub(crate) turns: Vec<Note>,
    pub(crate) questions: Vec<Asked>,
}

/// One question.
pub(crate) struct Asked {
    pub(crate) text: String,
    /// 1 several turns, 2 time, 3 open, 4 one turn, 5 has no answer.
    pub(crate) category: u64,
    /// The places of the turns that answer it.
    pub(crate) evidence: Vec<usize>,
}

/// Reads the conversations.
pub(crate) fn load(path: &Path) -> Res<Vec<Conversation>> {
    let text = std::fs::read_to_string(path).map_err(|why| format!("{}: {why}", path.display()))?;
    let all: Vec<Value> = serde_json::from_str(&text)?;
    all.iter().map(conversation).collect()
}

fn conversation(value: &Value) -> Res<Conversation> {
    let name = value["sample_id"].as_str().unwrap_or_default().to_owned();
    let talk = &value["conversation"];
    let (mut turns, mut ids) = (Vec::new(), Vec::new());
    for session in 1.. {
        let Some(said) = talk[format!("session_{session}")].as_array() else {
            if talk[format!("session_{session}_date_time")].is_null() {
                break;
            }
            continue;
        };
        let day = talk[format!("session_{session}_date_time")].as_str().and_then(day_of);
        for turn in said {
            ids.push(place(turn["dia_id"].as_str().unwrap_or_default()).into_iter().next());
            let caption = turn["blip_caption"].as_str().map(|text| format!(" {text}")).unwrap_or_default();
            turns.push(Note {
                text: format!("{}{caption}", turn["text"].as_str().unwrap_or_default()),
                title: None,
                conversation: Some(format!("{name}/{session}")),
                speaker: turn["speaker"].as_str().map(str::to_owned),
                day,
            });
        }
    }
    let asked = |question: &Value| {
        let named: Vec<(u32, u32)> = question["evidence"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .flat_map(place)
            .collect();
        let mut evidence: Vec<usize> =
            named.iter().filter_map(|id| ids.iter().position(|known| known.as_ref() == Some(id))).collect();
        evidence.sort_unstable();
        evidence.dedup();
        Asked {
            text: question["question"].as_str().unwrap_or_default().to_owned(),
            category: question["category"].as_u64().unwrap_or_default(),
            evidence,
        }
    };
    let questions = value["qa"].as_array().into_iter().flatten().map(asked).collect();
    Ok(Conversation { turns, questions })
}

/// Every `D1:3` in a text, also where it is written `D:1:3`.
fn place(text: &str) -> Vec<(u32, u32)> {
    let mut out = Vec::new();
    for piece in text.split('D').skip(1) {
        let piece = piece.trim_start_matches(':');
        let mut numbers = piece.split(|c: char| !c.is_ascii_digit()).filter(|number| !number.is_empty());
        if let (Some(Ok(session)), Some(Ok(turn))) =
            (numbers.next().map(str::parse), numbers.next().map(str::parse))
        {
            out.push((session, turn));
        }
    }
    out
}

/// `1:56 pm on 8 May, 2023`.
fn day_of(text: &str) -> Option<Date> {
    let (_, date) = text.split_once(" on ")?;
    let mut words = date.split([' ', ',']).filter(|word| !word.is_empty());
    let day = words.next()?.parse().ok()?;
    let month = words.next()?;
    let year = words.next()?.parse().ok()?;
    let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let month = months.iter().position(|name| month.starts_with(name))?;
    Date::new(year, i8::try_from(month + 1).ok()?, day).ok()
}
